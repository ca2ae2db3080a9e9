/* The head file: compare-and-swap, torn and flipped slots, the lock, and failing writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/log/head.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "ledger.example.com/scf/debt-1"

enum { FILE_LEN = 4096 + 512 };

static lg_arena *arena;
static char folder[] = "/tmp/tallystick-head-XXXXXX";
static const char *path;

static lg_checkpoint at(int64_t size)
{
    uint8_t byte = (uint8_t)size;
    return (lg_checkpoint){ORIGIN, size, lg_sha256(lg_bytes_of(&byte, size ? 1 : 0))};
}

static void assert_checkpoint(lg_checkpoint is, int64_t size)
{
    lg_checkpoint expected = at(size);
    assert_string_equal(is.origin, ORIGIN);
    assert_int_equal(is.size, size);
    assert_memory_equal(&is.root, &expected.root, 32);
}

static void assert_peek(int64_t size)
{
    lg_checkpoint out;
    assert_int_equal(lg_head_peek(path, arena, &out, NULL), LG_OK);
    assert_checkpoint(out, size);
}

static void load(char bytes[FILE_LEN])
{
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, bytes, FILE_LEN), FILE_LEN);
    close(fd);
}

static void save(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY); /* without O_TRUNC, after which some file systems sync at close */
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
}

static void swap(lg_head *head, int64_t from, int64_t to)
{
    lg_checkpoint a = at(from), b = at(to);
    assert_int_equal(lg_head_swap(head, &a, &b), LG_OK);
}

static int create(void **state)
{
    (void)state;
    return lg_head_create(path, ORIGIN, NULL) == LG_OK ? 0 : -1;
}

static int destroy(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_new_head_is_that_of_an_empty_ledger(void **state)
{
    (void)state;
    lg_head *head;
    lg_report report;
    struct stat status;
    lg_report_init(&report, arena);
    assert_peek(0);
    assert_int_equal(lg_head_create(path, ORIGIN, &report), LG_ALREADY_EXISTS);
    assert_int_equal(lg_head_create(lg_arena_printf(arena, "%s/other", folder), "with blank", &report),
                     LG_INTERNAL);
    assert_int_equal(lg_head_open(path, &head, &report), LG_OK);
    assert_checkpoint(lg_head_get(head), 0);
    lg_head_close(head);
    lg_head_close(NULL);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, FILE_LEN);
    assert_int_equal(lg_head_open(lg_arena_printf(arena, "%s/absent", folder), &head, &report), LG_NOT_FOUND);
    assert_int_equal(
        lg_head_peek(lg_arena_printf(arena, "%s/absent", folder), arena, &(lg_checkpoint){0}, &report),
        LG_NOT_FOUND);
}

static void it_can_be_read_by_a_person(void **state)
{
    (void)state;
    char bytes[FILE_LEN];
    load(bytes);
    const char *expected = "tallystick head v1\ngeneration 0\norigin " ORIGIN "\nsize 0\nroot "
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nsha256 ";
    assert_memory_equal(bytes, expected, strlen(expected));
    assert_int_equal(bytes[511], '\n');
}

static void it_moves_on_and_stays_after_reopening(void **state)
{
    (void)state;
    lg_head *head;
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    for (int64_t size = 0; size < 20; size++) {
        swap(head, size, size + 1);
        assert_checkpoint(lg_head_get(head), size + 1);
        assert_peek(size + 1);
    }
    swap(head, 20, 20); /* nothing new */
    lg_head_close(head);
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    assert_checkpoint(lg_head_get(head), 20);
    swap(head, 20, 1000000);
    lg_head_close(head);
    assert_peek(1000000);
}

static void a_wrong_expectation_changes_nothing(void **state)
{
    (void)state;
    lg_head *head;
    lg_checkpoint one = at(1), two = at(2), three = at(3), bad;
    char before[FILE_LEN], after[FILE_LEN];
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    swap(head, 0, 2);
    load(before);
    assert_int_equal(lg_head_swap(head, &one, &three), LG_HEAD_MISMATCH);
    bad = two;
    bad.root.b[31] ^= 1;
    assert_int_equal(lg_head_swap(head, &bad, &three), LG_HEAD_MISMATCH);
    bad = two;
    bad.origin = "other.example.com";
    assert_int_equal(lg_head_swap(head, &bad, &three), LG_HEAD_MISMATCH);
    /* backwards, another history at the same size, another ledger: the caller's mistake */
    assert_int_equal(lg_head_swap(head, &two, &one), LG_INTERNAL);
    bad = two;
    bad.root.b[0] ^= 1;
    assert_int_equal(lg_head_swap(head, &two, &bad), LG_INTERNAL);
    bad = three;
    bad.origin = "other.example.com";
    assert_int_equal(lg_head_swap(head, &two, &bad), LG_INTERNAL);
    bad = three;
    bad.size = INT64_MAX;
    assert_int_equal(lg_head_swap(head, &two, &bad), LG_INTERNAL);
    load(after);
    assert_memory_equal(before, after, FILE_LEN);
    swap(head, 2, 3);
    lg_head_close(head);
}

static void a_file_changed_underneath_is_noticed(void **state)
{
    (void)state;
    lg_head *head;
    lg_checkpoint two = at(2), three = at(3);
    char old[FILE_LEN];
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    swap(head, 0, 1);
    load(old);
    swap(head, 1, 2);
    save(old, FILE_LEN);
    assert_int_equal(lg_head_swap(head, &two, &three), LG_HEAD_MISMATCH);
    lg_checkpoint one = at(1); /* even when the expectation fits the restored file */
    assert_int_equal(lg_head_swap(head, &one, &three), LG_HEAD_MISMATCH);
    save("", 0);
    assert_int_equal(lg_head_swap(head, &two, &three), LG_CORRUPT);
    lg_head_close(head);
}

/* Written to a file that no longer has a name, a head would be lost with the process. */
static void a_file_that_was_deleted_or_replaced_is_noticed(void **state)
{
    (void)state;
    lg_head *head;
    lg_checkpoint one = at(1), two = at(2);
    const char *copy = lg_arena_printf(arena, "%s/copy", folder);
    for (int replaced = 0; replaced < 2; replaced++) {
        assert_int_equal(lg_head_create(copy, ORIGIN, NULL), LG_OK);
        assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
        swap(head, 0, 1);
        assert_int_equal(replaced ? rename(copy, path) : unlink(path), 0);
        assert_int_equal(lg_head_swap(head, &one, &two), LG_IO);
        assert_int_equal(lg_head_swap(head, &one, &two), LG_IO);
        assert_checkpoint(lg_head_get(head), 1);
        lg_head_close(head);
        if (!replaced)
            assert_int_equal(rename(copy, path), 0);
        assert_peek(0);
    }
}

static void only_one_process_holds_it(void **state)
{
    (void)state;
    lg_head *head, *second;
    lg_report report;
    lg_report_init(&report, arena);
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    assert_int_equal(lg_head_open(path, &second, &report), LG_BUSY);
    assert_int_equal(report.err, LG_BUSY);
    assert_peek(0); /* reading needs no lock */
    lg_head_close(head);
    assert_int_equal(lg_head_open(path, &second, NULL), LG_OK);
    lg_head_close(second);
}

/* A write that stopped after any number of bytes leaves the old head or the new one. */
static void a_torn_write_leaves_the_slot_before_it(void **state)
{
    (void)state;
    lg_head *head;
    char before[FILE_LEN], after[FILE_LEN], torn[FILE_LEN];
    for (int64_t size = 0; size < 2; size++) { /* once for each slot */
        assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
        load(before);
        swap(head, size, size + 1);
        lg_head_close(head);
        load(after);
        size_t slot = memcmp(before, after, 512) == 0 ? 4096 : 0;
        for (size_t cut = 0; cut <= 512; cut++) {
            lg_checkpoint out;
            memcpy(torn, before, FILE_LEN);
            memcpy(torn + slot, after + slot, cut);
            save(torn, FILE_LEN);
            assert_int_equal(lg_head_peek(path, arena, &out, NULL), LG_OK);
            bool whole = memcmp(torn + slot, after + slot, 512) == 0;
            assert_checkpoint(out, whole ? size + 1 : size);
        }
    }
}

static void any_flipped_bit_of_the_newest_slot_makes_it_void(void **state)
{
    (void)state;
    lg_head *head;
    char bytes[FILE_LEN];
    lg_checkpoint out;
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    swap(head, 0, 1); /* generation 2: the slot at the file's start */
    lg_head_close(head);
    load(bytes);
    for (size_t bit = 0; bit < 512 * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        save(bytes, FILE_LEN);
        assert_peek(0);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    bytes[100] = (char)(bytes[100] ^ 1);
    bytes[4096 + 100] = (char)(bytes[4096 + 100] ^ 1);
    save(bytes, FILE_LEN);
    lg_report report;
    lg_report_init(&report, arena);
    assert_int_equal(lg_head_peek(path, arena, &out, &report), LG_CORRUPT);
    assert_int_equal(lg_head_open(path, &head, &report), LG_CORRUPT);
    assert_non_null(strstr(report.detail, path));
    save(bytes, 512); /* cut short */
    assert_int_equal(lg_head_peek(path, arena, &out, NULL), LG_CORRUPT);
    memset(bytes, 0, FILE_LEN);
    save(bytes, FILE_LEN);
    assert_int_equal(lg_head_peek(path, arena, &out, NULL), LG_CORRUPT);
}

static void slots_in_each_others_place_are_not_whole(void **state)
{
    (void)state;
    char bytes[FILE_LEN], swapped[FILE_LEN] = {0};
    lg_checkpoint out;
    load(bytes);
    memcpy(swapped, bytes + 4096, 512);
    memcpy(swapped + 4096, bytes, 512);
    save(swapped, FILE_LEN);
    assert_int_equal(lg_head_peek(path, arena, &out, NULL), LG_CORRUPT);
}

static void after_a_failed_write_it_refuses_further_use(void **state)
{
    (void)state;
    lg_head *head;
    lg_checkpoint one = at(1), two = at(2);
    struct rlimit old, none;
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK);
    swap(head, 0, 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){100, old.rlim_max}; /* bytes: no slot can be written whole */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    lg_err err = lg_head_swap(head, &one, &two);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(err, LG_IO);
    assert_int_equal(lg_head_swap(head, &one, &two), LG_IO);
    assert_checkpoint(lg_head_get(head), 1);
    lg_head_close(head);
    assert_peek(1);
    assert_int_equal(lg_head_open(path, &head, NULL), LG_OK); /* a new start reads what is there */
    swap(head, 1, 2);
    lg_head_close(head);
}

static void the_longest_origin_fits(void **state)
{
    (void)state;
    char origin[LG_ORIGIN_MAX + 2];
    const char *other = lg_arena_printf(arena, "%s/long", folder);
    memset(origin, 'x', sizeof origin);
    origin[LG_ORIGIN_MAX + 1] = '\0';
    assert_int_equal(lg_head_create(other, origin, NULL), LG_INTERNAL);
    origin[LG_ORIGIN_MAX] = '\0';
    assert_int_equal(lg_head_create(other, origin, NULL), LG_OK);
    lg_head *head;
    assert_int_equal(lg_head_open(other, &head, NULL), LG_OK);
    lg_checkpoint from = lg_head_get(head), to = {origin, (INT64_C(1) << 53) - 1, at(9).root}, out;
    assert_int_equal(lg_head_swap(head, &from, &to), LG_OK);
    lg_head_close(head);
    assert_int_equal(lg_head_peek(other, arena, &out, NULL), LG_OK);
    assert_int_equal(out.size, (INT64_C(1) << 53) - 1);
    assert_string_equal(out.origin, origin);
    assert_int_equal(unlink(other), 0);
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    if (!mkdtemp(folder) || lg_crypto_init() != LG_OK)
        return -1;
    path = lg_arena_printf(arena, "%s/head", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return rmdir(folder);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_new_head_is_that_of_an_empty_ledger),
        WITH_FILE(it_can_be_read_by_a_person),
        WITH_FILE(it_moves_on_and_stays_after_reopening),
        WITH_FILE(a_wrong_expectation_changes_nothing),
        WITH_FILE(a_file_changed_underneath_is_noticed),
        WITH_FILE(a_file_that_was_deleted_or_replaced_is_noticed),
        WITH_FILE(only_one_process_holds_it),
        WITH_FILE(a_torn_write_leaves_the_slot_before_it),
        WITH_FILE(any_flipped_bit_of_the_newest_slot_makes_it_void),
        WITH_FILE(slots_in_each_others_place_are_not_whole),
        WITH_FILE(after_a_failed_write_it_refuses_further_use),
        WITH_FILE(the_longest_origin_fits),
    };
    return cmocka_run_group_tests_name("head", tests, set_up, tear_down);
}
