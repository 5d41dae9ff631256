/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The exported dlsym and dlvsym, aarch64.
 *
 * A name that is neither "cu" and a capital letter nor begins with "nvml" goes to glibc's own
 * function by a tail jump: a few instructions, no lock, no stack frame. The return address stays
 * the caller's, by which glibc decides what RTLD_NEXT and RTLD_DEFAULT mean. For the other names
 * ae_resolve_* decides; it gets the caller's return address, and answers {value, handled} in x0 and x1.
 */
	.text

.macro entry name, real, resolve, caller
	.globl	\name
	.type	\name, %function
	.p2align 4
\name:
	.cfi_startproc
	hint	#34			/* bti c */
	cbz	x1, 1f
	ldrb	w9, [x1]
	cmp	w9, #'c'
	b.eq	4f
	cmp	w9, #'n'
	b.ne	1f
	ldrb	w9, [x1, #1]
	cmp	w9, #'v'
	b.ne	1f
	ldrb	w9, [x1, #2]
	cmp	w9, #'m'
	b.ne	1f
	ldrb	w9, [x1, #3]
	cmp	w9, #'l'
	b.ne	1f
	b	5f
4:
	ldrb	w9, [x1, #1]
	cmp	w9, #'u'
	b.ne	1f
	ldrb	w9, [x1, #2]
	sub	w9, w9, #'A'
	cmp	w9, #25
	b.hi	1f
5:
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset 29, -48
	.cfi_offset 30, -40
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	str	x2, [sp, #32]
	mov	\caller, x30
	bl	\resolve
	mov	x9, x0
	mov	x10, x1
	ldp	x0, x1, [sp, #16]
	ldr	x2, [sp, #32]
	ldp	x29, x30, [sp], #48
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	cbz	x10, 1f
	mov	x0, x9
	ret
1:
	adrp	x16, \real
	ldr	x16, [x16, #:lo12:\real]
	cbz	x16, 2f
	br	x16
2:
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset 29, -48
	.cfi_offset 30, -40
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	str	x2, [sp, #32]
	bl	ae_realdl_find
	ldp	x0, x1, [sp, #16]
	ldr	x2, [sp, #32]
	ldp	x29, x30, [sp], #48
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	adrp	x16, \real
	ldr	x16, [x16, #:lo12:\real]
	cbz	x16, 3f
	br	x16
3:
	mov	x0, #0
	ret
	.cfi_endproc
	.size	\name, . - \name
.endm

	entry dlsym, ae_real_dlsym, ae_resolve_dlsym, x2
	entry dlvsym, ae_real_dlvsym, ae_resolve_dlvsym, x3

	.section .note.GNU-stack, "", %progbits
