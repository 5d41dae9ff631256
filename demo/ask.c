/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Asks the model server: ask SOCKET "generate 7 32". Prints its reply. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char reply[256];

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("usage: ask SOCKET REQUEST\n", stderr);
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		fprintf(stderr, "ask: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	dprintf(fd, "%s\n", argv[2]);
	FILE *from = fdopen(fd, "r");
	if (!from || !fgets(reply, sizeof(reply), from)) {
		fprintf(stderr, "ask: no reply\n");
		return 1;
	}
	fputs(reply, stdout);
	return strncmp(reply, "error", 5) == 0;
}
