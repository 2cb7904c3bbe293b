#define _GNU_SOURCE
#include "forward.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* Written by trampolines.awk for each library: the functions' names, one after
 * another with an empty one at the end, and where each is to be found. */
extern const char forward_cuda_names[], forward_cudnn_names[], forward_cublas_names[];
extern void *forward_cuda_table[], *forward_cudnn_table[], *forward_cublas_table[];

static struct library {
	const char *names;
	void **table;
	void *handle;
} libraries[] = {
	[FORWARD_CUDA] = {forward_cuda_names, forward_cuda_table, NULL},
	[FORWARD_CUDNN] = {forward_cudnn_names, forward_cudnn_table, NULL},
	[FORWARD_CUBLAS] = {forward_cublas_names, forward_cublas_table, NULL},
};

int forward_open(int lib, const char *path, char *err, size_t errlen) {
	struct library *l = &libraries[lib];
	if (l->handle)
		return 0;
	/* Global, because cuDNN's parts look for one another's functions. */
	l->handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if (!l->handle) {
		snprintf(err, errlen, "%s", dlerror());
		return -1;
	}
	void **entry = l->table;
	for (const char *name = l->names; *name; name += strlen(name) + 1, entry++) {
		void *function = dlsym(l->handle, name);
		if (function)
			*entry = function;
	}
	return 0;
}

const char *forward_path(int lib) {
	struct link_map *map;
	if (!libraries[lib].handle || dlinfo(libraries[lib].handle, RTLD_DI_LINKMAP, &map))
		return NULL;
	return map->l_name;
}

int forward_has(int lib, const char *symbol) {
	return libraries[lib].handle && dlsym(libraries[lib].handle, symbol);
}
