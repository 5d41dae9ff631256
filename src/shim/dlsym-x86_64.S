/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The exported dlsym and dlvsym, x86-64.
 *
 * A name that is neither "cu" and a capital letter nor begins with "nvml" goes to glibc's own
 * function by a tail jump: a few instructions, no lock, no stack frame. The return address stays
 * the caller's, by which glibc decides what RTLD_NEXT and RTLD_DEFAULT mean. For the other names
 * ae_resolve_* decides; it gets the caller's return address, and answers {value, handled} in rax and rdx.
 */
	.text

.macro entry name, real, resolve, caller
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	testq	%rsi, %rsi
	jz	1f
	cmpb	$'c', (%rsi)
	je	4f
	cmpb	$'n', (%rsi)
	jne	1f
	cmpb	$'v', 1(%rsi)
	jne	1f
	cmpb	$'m', 2(%rsi)
	jne	1f
	cmpb	$'l', 3(%rsi)
	jne	1f
	jmp	5f
4:
	cmpb	$'u', 1(%rsi)
	jne	1f
	movzbl	2(%rsi), %eax
	subl	$'A', %eax
	cmpl	$25, %eax
	ja	1f
5:
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	24(%rsp), \caller
	call	\resolve
	movq	%rdx, %r10
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	testq	%r10, %r10
	jz	1f
	ret
1:
	movq	\real(%rip), %r11
	testq	%r11, %r11
	jz	2f
	jmp	*%r11
2:
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	call	ae_realdl_find
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	movq	\real(%rip), %r11
	testq	%r11, %r11
	jz	3f
	jmp	*%r11
3:
	xorl	%eax, %eax
	ret
	.cfi_endproc
	.size	\name, . - \name
.endm

	entry dlsym, ae_real_dlsym, ae_resolve_dlsym, %rdx
	entry dlvsym, ae_real_dlvsym, ae_resolve_dlvsym, %rcx

	.section .note.GNU-stack, "", @progbits
