# Writes the assembly (for the C preprocessor) of one library's functions, from
# its list of symbols: a table of addresses, the names in the same order, and
# for each function a jump to what its place in the table holds. The jump
# leaves every register and the stack as they are, so it needs to know nothing
# of a function's arguments.
#
# Hidden, so that the program's own copies never stand in for the real ones
# when the libraries look for each other's functions.
#
# Usage: awk -v lib=cudnn -f trampolines.awk symbols/cudnn.txt

BEGIN { n = 0 }

{
	name[n] = $1
	missing[n++] = $2 == "zero" ? "forward_zero" : "forward_" lib "_missing"
}

END {
	table = "forward_" lib "_table"
	names = "forward_" lib "_names"

	print "#if defined(__x86_64__)"
	print "#define FORWARD(name, at) .globl name; .hidden name; .type name, %function; name: \\"
	print "	jmp *" table "+at(%rip); .size name, . - name"
	print "#elif defined(__aarch64__)"
	print "#define FORWARD(name, at) .globl name; .hidden name; .type name, %function; name: \\"
	print "	adrp x16, " table "+at; ldr x16, [x16, :lo12:" table "+at]; br x16; .size name, . - name"
	print "#else"
	print "#error \"the CUDA libraries exist for x86-64 and aarch64 only\""
	print "#endif"

	print "	.text"
	for (i = 0; i < n; i++)
		printf "FORWARD(%s, %d)\n", name[i], 8 * i

	print "	.section .data.rel, \"aw\""
	print "	.balign 8"
	print "	.globl " table "; .hidden " table
	print table ":"
	for (i = 0; i < n; i++)
		print "	.quad " missing[i]

	print "	.section .rodata"
	print "	.globl " names "; .hidden " names
	print names ":"
	for (i = 0; i < n; i++)
		print "	.asciz \"" name[i] "\""
	print "	.byte 0"

	print "	.section .note.GNU-stack, \"\", %progbits"
}
