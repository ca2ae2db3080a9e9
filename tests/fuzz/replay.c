/* Runs a target over files, or all files of folders, once each: what the corpora are for without libFuzzer.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static long inputs;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat state;
    if (!file || fstat(fileno(file), &state) != 0) {
        perror(path);
        exit(2);
    }
    size_t len = (size_t)state.st_size;
    uint8_t *data = malloc(len ? len : 1); /* of exact size, for the sanitizer */
    if (!data || fread(data, 1, len, file) != len) {
        perror(path);
        exit(2);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    inputs++;
}

static void run_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *item;
    if (!folder) {
        perror(path);
        exit(2);
    }
    while ((item = readdir(folder))) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, item->d_name);
        if (item->d_name[0] != '.')
            run_file(name);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat state;
        if (stat(argv[i], &state) == 0 && S_ISDIR(state.st_mode))
            run_folder(argv[i]);
        else
            run_file(argv[i]);
    }
    const char *name = strrchr(argv[0], '/');
    printf("%-16s %6ld inputs\n", name ? name + 1 : argv[0], inputs);
    return inputs ? 0 : 2;
}
