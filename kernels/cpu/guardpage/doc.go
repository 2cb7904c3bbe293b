// Package guardpage lets tests see a read or write outside of the memory that a kernel was given.
package guardpage
