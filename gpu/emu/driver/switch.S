/* void emu_switch(void **save, void *other): see fiber.cc. The floating-point
 * control words are the same on all stacks and are left alone. */

#if defined(__x86_64__)

	.text
	.globl	emu_switch
	.hidden	emu_switch
	.type	emu_switch, @function
emu_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	emu_switch, .-emu_switch

	.globl	emu_fiber_start
	.hidden	emu_fiber_start
	.type	emu_fiber_start, @function
emu_fiber_start:
	.cfi_startproc
	.cfi_undefined rip	/* the outermost frame */
	callq	*%rbx
	ud2
	.cfi_endproc
	.size	emu_fiber_start, .-emu_fiber_start

#elif defined(__aarch64__)

	.text
	.globl	emu_switch
	.hidden	emu_switch
	.type	emu_switch, %function
emu_switch:
	sub	sp, sp, #160
	stp	x19, x20, [sp]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #160
	ret
	.size	emu_switch, .-emu_switch

	.globl	emu_fiber_start
	.hidden	emu_fiber_start
	.type	emu_fiber_start, %function
emu_fiber_start:
	.cfi_startproc
	.cfi_undefined x30	/* the outermost frame */
	blr	x19
	brk	#1
	.cfi_endproc
	.size	emu_fiber_start, .-emu_fiber_start

#endif

	.section .note.GNU-stack, "", %progbits
