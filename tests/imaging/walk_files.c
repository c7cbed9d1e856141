/* Walks files as the render child does, each in a block of memory of exactly its size, so that a
 * sanitiser sees every read and write beyond it. Standard input: for each file its size, as four
 * bytes, the lowest first, and its bytes. Standard output: a line with the finding of each. */

#include <stdio.h>
#include <stdlib.h>

#include "jpeg_walk.c"

/* Writes beyond an array: with any argument, to show that the sanitiser tells. */
static int write_beyond(void)
{
    uint8_t few[4];
    volatile int at = 4;
    few[at] = 1;
    return few[at] != 1;
}

int main(int count, char **arguments)
{
    (void)arguments;
    if (count > 1)
        return write_beyond();
    uint8_t head[4];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        uint8_t *data = malloc(size ? size : 1);
        if (!data || fread(data, 1, size, stdin) != size)
            return 2;
        struct report report;
        uint64_t *workspace = 0;
        if (jpeg_walk(data, size, 0, 0, &report) == NEEDS_WORKSPACE) {
            size_t words = (size_t)report.workspace_words;
            workspace = calloc(words, sizeof *workspace);
            jpeg_walk(data, size, workspace, words, &report);
        }
        printf("%u\n", report.finding);
        free(workspace);
        free(data);
    }
    return 0;
}
