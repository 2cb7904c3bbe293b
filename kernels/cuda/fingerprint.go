//go:build !nocuda

package cuda

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
)

//go:embed ptx/*.ptx
var embedded embed.FS

// ptx is the PTX of a module.
func ptx(module string) []byte {
	text, err := embedded.ReadFile("ptx/" + module + ".ptx")
	if err != nil {
		panic(err) // modules are only named as generate.sh names them
	}
	return text
}

// digest is the first 8 hexadecimal digits of a SHA-256.
func digest(texts ...[]byte) string {
	sum := sha256.New()
	for _, text := range texts {
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

// Fingerprint identifies the kernels of this build: measurements of other kernels do not apply to them.
func Fingerprint() string {
	var f functions
	var texts [][]byte
	for _, m := range f.modules(All()) {
		texts = append(texts, ptx(m.name))
		if newer := compiledFor(m.name, overlapMajor); newer != m.name {
			texts = append(texts, ptx(newer))
		}
	}
	return digest(texts...)
}
