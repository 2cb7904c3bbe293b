/* Checks the archives against the real cuDNN and cuBLAS, which load on a
 * machine without a GPU: that what is called before a library is open answers
 * and does not crash, that it is the library afterwards, and that every symbol
 * of its list is in it, but for those marked old or, in cuDNN 8, new.
 *
 * Usage: check SYMBOLS CUDNN CUBLAS, the folder of the lists and the two
 * libraries. Prints what is wrong and exits 1, or says what was checked. */
#include "forward.h"

#include <cublas_v2.h>
#include <cuda.h>
#include <cudnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(int ok, const char *what) {
	if (!ok) {
		fprintf(stderr, "gpu/forward: %s\n", what);
		failures++;
	}
}

static void closed(void) {
	int count;
	cudnnHandle_t dnn;
	cublasHandle_t blas;
	check(cuDeviceGetCount(&count) == CUDA_ERROR_NOT_FOUND, "the driver's functions answer before it is open");
	check(cudnnCreate(&dnn) == CUDNN_STATUS_NOT_SUPPORTED, "cuDNN's functions answer before it is open");
	check(cublasCreate(&blas) == CUBLAS_STATUS_NOT_SUPPORTED, "cuBLAS's functions answer before it is open");
	check(cudnnGetVersion() == 0, "a cuDNN that is not open has no version");
	check(cudnnGetErrorString(CUDNN_STATUS_SUCCESS) == NULL, "a cuDNN that is not open has no texts");
	for (int lib = FORWARD_CUDA; lib <= FORWARD_CUBLAS; lib++)
		check(!forward_path(lib) && !forward_has(lib, "cudnnCreate"),
		      "a library that is not open has no path and no symbols");
}

static void fails(void) {
	char err[256] = "";
	check(forward_open(FORWARD_CUDA, "/nonexistent/libcuda.so.1", err, sizeof err) == -1 && strstr(err, "nonexistent"),
	      "opening a file that is not there fails and names it");
	check(!forward_path(FORWARD_CUDA), "a library that did not open has no path");
}

static void opens(int lib, const char *path) {
	char err[1024];
	if (forward_open(lib, path, err, sizeof err)) {
		fprintf(stderr, "gpu/forward: %s\n", err);
		exit(1);
	}
	check(forward_open(lib, "/nonexistent", err, sizeof err) == 0, "an open library stays open");
	check(!strcmp(forward_path(lib), path), "an open library's path is the one it was opened from");
	check(!forward_has(lib, "notASymbol"), "a library has no symbol that is not there");
}

/* expected says whether the library has a symbol that is marked with this word, or with none. */
static int expected(const char *word) {
	return strcmp(word, "old") && (strcmp(word, "new") || CUDNN_MAJOR >= 9);
}

static int symbols(int lib, const char *folder, const char *name) {
	char path[4096], line[256], symbol[256], word[256];
	int found = 0;
	snprintf(path, sizeof path, "%s/%s.txt", folder, name);
	FILE *list = fopen(path, "r");
	if (!list) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof line, list)) {
		if (sscanf(line, "%255s %255s", symbol, word) == 1)
			word[0] = 0;
		int has = forward_has(lib, symbol);
		found += has;
		if (expected(word)) {
			snprintf(path, sizeof path, "%s is not in %s", symbol, forward_path(lib));
			check(has, path);
		}
	}
	fclose(list);
	return found;
}

int main(int argc, char **argv) {
	if (argc != 4) {
		fprintf(stderr, "usage: check SYMBOLS CUDNN CUBLAS\n");
		return 2;
	}
	int major = 0;
	closed();
	fails();
	opens(FORWARD_CUBLAS, argv[3]);
	opens(FORWARD_CUDNN, argv[2]);
	check(cudnnGetVersion() == CUDNN_VERSION, "cuDNN's version is that of its header");
	check(!strcmp(cudnnGetErrorString(CUDNN_STATUS_SUCCESS), "CUDNN_STATUS_SUCCESS"), "cuDNN's texts are its own");
	check(cublasGetProperty(MAJOR_VERSION, &major) == CUBLAS_STATUS_SUCCESS && major == CUBLAS_VER_MAJOR,
	      "cuBLAS's major version is that of its header");
	int dnn = symbols(FORWARD_CUDNN, argv[1], "cudnn"), blas = symbols(FORWARD_CUBLAS, argv[1], "cublas");
	if (!failures)
		printf("ok: %d functions of cuDNN %zu and %d of cuBLAS %d\n", dnn, cudnnGetVersion(), blas, major);
	return failures != 0;
}
