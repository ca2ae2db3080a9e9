/* tallystick: server, client and verifier in one program. */
#include "server/client/client.h"

int main(int argc, char **argv)
{
    return client_main(argc, argv);
}
