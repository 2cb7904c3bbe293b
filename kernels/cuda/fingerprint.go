//go:build !nocuda

package cuda

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
)

//go:embed ptx/*.ptx
var embedded embed.FS

// ptx is a module's.
func ptx(module string) []byte {
	text, err := embedded.ReadFile("ptx/" + module + ".ptx")
	if err != nil {
		panic(err) // gen names the modules that compile.sh makes
	}
	return text
}

// digest is the beginning of a SHA-256, which tells builds apart.
func digest(texts ...[]byte) string {
	sum := sha256.New()
	for _, text := range texts {
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

// Fingerprint tells these kernels from those of another build: what was
// measured with one says nothing of another.
func Fingerprint() string {
	var f functions
	var texts [][]byte
	for _, m := range f.modules(All()) {
		texts = append(texts, ptx(m.name))
	}
	return digest(texts...)
}
