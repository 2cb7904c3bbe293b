/* The CUDA driver, cuDNN and cuBLAS, loaded while the program runs.
 *
 * A program linked with -lcuda and -lcudnn does not start on a machine that
 * lacks them. Here those names are static archives of ours, made by build.sh:
 * each function of symbols/ is a jump through a table, and the table is filled
 * from the real library when it is opened. One binary so runs everywhere, and
 * can say what is missing.
 *
 * A function that is called before its library is open, or that the library
 * does not have, returns the library's own status for that (missing.c). */
#ifndef FORWARD_H
#define FORWARD_H

#include <stddef.h>

enum { FORWARD_CUDA, FORWARD_CUDNN, FORWARD_CUBLAS };

/* forward_open loads the shared library at path (a file, or a name that the
 * loader searches for) and points lib's functions at it. It returns 0, or -1
 * with the loader's reason in err. Once open, a library stays as it is and
 * further calls return 0. The caller sees to it that no other thread calls
 * into lib meanwhile. */
int forward_open(int lib, const char *path, char *err, size_t errlen);

/* forward_path is the file that was loaded, or NULL when lib is not open. */
const char *forward_path(int lib);

/* forward_has is 1 if lib is open and has symbol. */
int forward_has(int lib, const char *symbol);

#endif
