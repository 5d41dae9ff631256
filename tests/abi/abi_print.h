/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints a table (ABI_TABLE) as seen through whichever declarations the including file has. */
#include <stddef.h>
#include <stdio.h>

int main(void)
{
#define VALUE(name)         printf("value %s %lld\n", #name, (long long)(name));
#define SIZE(type)          printf("size %s %zu\n", #type, sizeof(type));
#define OFFSET(type, field) printf("offset %s %s %zu\n", #type, #field, offsetof(type, field));
#include ABI_TABLE
	return 0;
}
