//go:build !unix

package main

// ignoreWriteSignals is for Unix: elsewhere a failing write is an error anyway.
func ignoreWriteSignals() {}
