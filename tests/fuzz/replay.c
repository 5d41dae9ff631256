/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Gives each file named on the command line to a fuzz target: seeds and findings, without a fuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(INPUT_MAX);

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		uint8_t *exact;
		size_t size;

		if (!file || !bytes) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		size = fread(bytes, 1, INPUT_MAX, file);
		fclose(file);
		/* Of exactly this size, so that a sanitizer sees a byte too many. */
		exact = malloc(size ? size : 1);
		if (!exact)
			return EXIT_FAILURE;
		for (size_t j = 0; j < size; j++)
			exact[j] = bytes[j];
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	free(bytes);
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
