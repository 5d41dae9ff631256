/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small model server, written to the CUDA runtime API: weights that are loaded once, a KV arena
 * that is taken at start, and requests over a Unix socket, one at a time.
 *
 *	model_server --socket PATH [--weights MIB] [--tensors N] [--kv MIB]
 *
 * A request is a line, and so is its reply:
 *
 *	generate SEED TOKENS    the answer's checksum, TOKENS tokens long
 *	quit                    ends the server
 *
 * Every token reads all the weights and the arena as far as it is in use: a prefix that is written
 * at start, and the rows of the tokens before. So the checksum is right only if every byte of both
 * is, and the same question has the same answer whenever it is asked.
 */
#include <cuda_runtime_api.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "model_ptx.h"

#define MIB         (1ull << 20)
#define ROW_WORDS   4096ull
#define STAGE_BYTES (4 * MIB)
#define MAX_TENSORS 256
#define GRID        264
#define BLOCK       256

struct model {
	unsigned int tensors;
	uint64_t tensor_words;
	uint32_t *weights[MAX_TENSORS];
	uint32_t *arena;
	uint64_t arena_words;
	uint64_t *state;
	cudaStream_t stream;
	cudaLibrary_t library;
	cudaKernel_t read, next, row;
};

struct options {
	const char *socket;
	unsigned long weights_mib, kv_mib, tensors;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = 1;
}

/* Says what failed, and returns whether anything did. */
static int failed(cudaError_t error, const char *what)
{
	if (error)
		fprintf(stderr, "model_server: %s: %s\n", what, cudaGetErrorString(error));
	return error != cudaSuccess;
}

#define FAILED(call) failed(call, #call)

/* What a file of weights would hold. */
static uint32_t weight(unsigned int tensor, uint64_t i)
{
	uint32_t value = (uint32_t)i * 0x9e3779b1u + tensor * 0x7feb352du;
	value ^= value >> 15;
	value *= 0x846ca68bu;
	return value ^ value >> 16;
}

/* Loads one tensor through a pinned buffer, as loaders do. */
static int tensor_load(struct model *model, unsigned int tensor, uint32_t *stage)
{
	uint32_t *device = model->weights[tensor];

	for (uint64_t done = 0; done < model->tensor_words;) {
		uint64_t words = STAGE_BYTES / sizeof(*stage);
		if (words > model->tensor_words - done)
			words = model->tensor_words - done;
		for (uint64_t i = 0; i < words; i++)
			stage[i] = weight(tensor, done + i);
		if (FAILED(cudaMemcpyAsync(device + done, stage, words * sizeof(*stage),
					   cudaMemcpyHostToDevice, model->stream)) ||
		    FAILED(cudaStreamSynchronize(model->stream)))
			return -1;
		done += words;
	}
	return 0;
}

static cudaError_t launch(struct model *model, cudaKernel_t kernel, unsigned int blocks,
			  unsigned int threads, void **params)
{
	dim3 grid = { blocks, 1, 1 }, block = { threads, 1, 1 };

	return cudaLaunchKernel((const void *)kernel, grid, block, params, 0, model->stream);
}

static cudaError_t launch_read(struct model *model, uint32_t *words, uint64_t n)
{
	void *params[] = { &words, &n, &model->state };

	return launch(model, model->read, GRID, BLOCK, params);
}

static cudaError_t launch_next(struct model *model)
{
	void *params[] = { &model->state };

	return launch(model, model->next, 1, 1, params);
}

static cudaError_t launch_row(struct model *model, uint32_t *row, uint64_t n)
{
	void *params[] = { &row, &n, &model->state };

	return launch(model, model->row, GRID, BLOCK, params);
}

static cudaError_t state_set(struct model *model, uint64_t x)
{
	uint64_t state[2] = { x, 0 };

	return cudaMemcpy(model->state, state, sizeof(state), cudaMemcpyHostToDevice);
}

static uint64_t prefix_words(const struct model *model)
{
	return model->arena_words / 2;
}

/* One token: reads everything, then leaves a row of its own behind. */
static cudaError_t token(struct model *model, uint64_t position)
{
	uint64_t prefix = prefix_words(model);
	uint64_t rows = (model->arena_words - prefix) / ROW_WORDS;
	uint64_t in_use = position < rows ? position : rows;
	uint32_t *conversation = model->arena + prefix;
	cudaError_t error = rows ? cudaSuccess : cudaErrorInvalidValue;

	for (unsigned int i = 0; !error && i < model->tensors; i++)
		error = launch_read(model, model->weights[i], model->tensor_words);
	if (!error)
		error = launch_read(model, model->arena, prefix);
	if (!error && in_use)
		error = launch_read(model, conversation, in_use * ROW_WORDS);
	if (!error)
		error = launch_next(model);
	if (!error)
		error = launch_row(model, conversation + position % rows * ROW_WORDS, ROW_WORDS);
	return error ? error : cudaStreamSynchronize(model->stream);
}

static cudaError_t generate(struct model *model, uint64_t seed, uint64_t tokens,
			    uint64_t *checksum_out)
{
	cudaError_t error = state_set(model, seed);

	for (uint64_t i = 0; !error && i < tokens && !stopped; i++)
		error = token(model, i);
	if (!error)
		error = cudaMemcpy(checksum_out, model->state, sizeof(*checksum_out),
				   cudaMemcpyDeviceToHost);
	return error;
}

static int model_load(struct model *model, const struct options *options)
{
	uint32_t *stage;

	model->tensors = (unsigned int)options->tensors;
	model->tensor_words = options->weights_mib * MIB / options->tensors / sizeof(uint32_t);
	model->arena_words = options->kv_mib * MIB / sizeof(uint32_t);
	if (FAILED(cudaStreamCreateWithFlags(&model->stream, cudaStreamNonBlocking)) ||
	    FAILED(cudaLibraryLoadData(&model->library, model_ptx, NULL, NULL, 0, NULL, NULL, 0)) ||
	    FAILED(cudaLibraryGetKernel(&model->read, model->library, "model_read")) ||
	    FAILED(cudaLibraryGetKernel(&model->next, model->library, "model_next")) ||
	    FAILED(cudaLibraryGetKernel(&model->row, model->library, "model_row")) ||
	    FAILED(cudaMalloc((void **)&model->state, 2 * sizeof(*model->state))) ||
	    FAILED(cudaMallocHost((void **)&stage, STAGE_BYTES)))
		return -1;
	for (unsigned int i = 0; i < model->tensors; i++)
		if (FAILED(cudaMalloc((void **)&model->weights[i],
				      model->tensor_words * sizeof(uint32_t))) ||
		    tensor_load(model, i, stage))
			return -1;
	if (FAILED(cudaFreeHost(stage)) ||
	    FAILED(cudaMalloc((void **)&model->arena, model->arena_words * sizeof(uint32_t))) ||
	    FAILED(state_set(model, 1)) ||
	    FAILED(launch_row(model, model->arena, prefix_words(model))) ||
	    FAILED(cudaStreamSynchronize(model->stream)))
		return -1;
	printf("weights %lu MiB in %u tensors, kv arena %lu MiB\n", options->weights_mib,
	       model->tensors, options->kv_mib);
	return 0;
}

static void model_unload(struct model *model)
{
	for (unsigned int i = 0; i < model->tensors; i++)
		cudaFree(model->weights[i]);
	cudaFree(model->arena);
	cudaFree(model->state);
}

static int server_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "model_server: %s: too long\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16)) {
		fprintf(stderr, "model_server: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return fd;
}

/* Answers one line. Returns whether the server goes on. */
static int answer(struct model *model, const char *line, FILE *to)
{
	unsigned long long seed, tokens;
	uint64_t checksum = 0;

	if (!strcmp(line, "quit\n")) {
		fputs("bye\n", to);
		return 0;
	}
	if (sscanf(line, "generate %llu %llu", &seed, &tokens) != 2) {
		fputs("error: generate SEED TOKENS, or quit\n", to);
		return 1;
	}
	cudaError_t error = generate(model, seed, tokens, &checksum);
	if (error)
		fprintf(to, "error: %s\n", cudaGetErrorString(error));
	else
		fprintf(to, "%016llx\n", (unsigned long long)checksum);
	return 1;
}

/* One client, until it closes. Returns whether the server goes on. */
static int serve(struct model *model, int client)
{
	FILE *from = fdopen(client, "r"), *to = fdopen(dup(client), "w");
	char line[256];
	int more = 1;

	while (from && to && more && !stopped && fgets(line, sizeof(line), from)) {
		more = answer(model, line, to);
		fflush(to);
	}
	if (to)
		fclose(to);
	if (from)
		fclose(from);
	return more;
}

static int usage(void)
{
	fputs("usage: model_server --socket PATH [--weights MIB] [--tensors N] [--kv MIB]\n",
	      stderr);
	return 2;
}

static int options_parse(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return -1;
		if (!strcmp(argv[i], "--socket"))
			options->socket = argv[i + 1];
		else if (!strcmp(argv[i], "--weights"))
			options->weights_mib = strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--tensors"))
			options->tensors = strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--kv"))
			options->kv_mib = strtoul(argv[i + 1], NULL, 10);
		else
			return -1;
	}
	return options->socket && options->weights_mib && options->kv_mib && options->tensors &&
			       options->tensors <= MAX_TENSORS
		       ? 0
		       : -1;
}

int main(int argc, char **argv)
{
	struct options options = { .weights_mib = 48, .kv_mib = 16, .tensors = 6 };
	struct sigaction action = { .sa_handler = stop };
	static struct model model;

	if (options_parse(&options, argc, argv))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (model_load(&model, &options))
		return 1;
	int fd = server_listen(options.socket);
	if (fd < 0)
		return 1;
	puts("ready");
	for (int more = 1; more && !stopped;) {
		int client = accept(fd, NULL, NULL);
		if (client >= 0)
			more = serve(&model, client);
		else if (errno != EINTR)
			break;
	}
	close(fd);
	unlink(options.socket);
	model_unload(&model);
	return 0;
}
