package nn

import "unsafe"

// Bytes is the memory of s as bytes, without a copy, for Write and Read.
func Bytes[T ~uint8 | ~int32 | ~float32 | ~float64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}
