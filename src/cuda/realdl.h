/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: cuda. The C library's own dlsym and dlvsym, behind ours, and symbol look-ups that need
 * neither. Found by walking the loader's list of objects and their dynamic symbol tables, never by
 * calling either name: both are ours. (Not through dl_iterate_phdr: a sanitizer's run time wraps that,
 * and calls dlsym before its wrapper works.)
 *
 * Lock-free: the pointers are found once and are the same for every thread that finds them.
 */
#ifndef AE_CUDA_REALDL_H
#define AE_CUDA_REALDL_H

/* glibc's (before 2.34: libdl's). NULL until ae_realdl_find; the assembly entry points call it. */
extern void *(*ae_real_dlsym)(void *handle, const char *name);
extern void *(*ae_real_dlvsym)(void *handle, const char *name, const char *version);

/* Finds both. Idempotent, from any thread, as early as the first relocation processing. */
void ae_realdl_find(void);

/*
 * The definition of name in the first loaded object behind the one that contains address caller: what
 * RTLD_NEXT means for that caller, for names that have one version. NULL: none.
 */
void *ae_realdl_next(const void *caller, const char *name);

#endif
