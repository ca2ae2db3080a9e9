/* An invoice file that claims to be UBL. */
#include "tests/fuzz/invoice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_xml(data, len);
}
