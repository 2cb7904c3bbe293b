package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// parser reads JSON of the few kinds that a header has. encoding/json silently takes the last of duplicate keys, and
// for a header of many names it takes ten times its size in memory.
type parser struct {
	text []byte
	at   int
}

// errDuplicate is what the field function of an object returns for a key that it has had.
var errDuplicate = errors.New("duplicate key")

// object reads an object and calls field after each key, to read its value. Errors name the key.
func (p *parser) object(field func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	for n := 0; !p.take('}'); n++ {
		if n > 0 {
			if err := p.delim(','); err != nil {
				return err
			}
		}
		key, err := p.string()
		if err != nil {
			return err
		}
		if n == maxKeys {
			return fmt.Errorf("%s: more than %d names", Shown(key), maxKeys)
		}
		if err := p.delim(':'); err != nil {
			return err
		}
		if err := field(key); err != nil {
			return fmt.Errorf("%s: %w", Shown(key), err)
		}
	}
	return nil
}

// integers reads an array of at most so many integers that are not negative.
func (p *parser) integers(most int) ([]int, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	list := []int{}
	for !p.take(']') {
		if len(list) == most {
			return nil, fmt.Errorf("more than %d numbers", most)
		}
		if len(list) > 0 {
			if err := p.delim(','); err != nil {
				return nil, err
			}
		}
		n, err := p.integer()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (p *parser) integer() (int, error) {
	p.space()
	token := p.token()
	if len(token) == 0 || token[0] != '-' && (token[0] < '0' || token[0] > '9') {
		return 0, p.unexpected("a number")
	}
	n, err := strconv.ParseUint(string(token), 10, strconv.IntSize-1)
	if err != nil || token[0] == '0' && len(token) > 1 {
		return 0, fmt.Errorf("number %s, want an integer of 0 or more", Shown(string(token)))
	}
	p.at += len(token)
	return int(n), nil
}

func (p *parser) string() (s string, err error) {
	if !p.take('"') {
		return "", p.unexpected("a string")
	}
	start, escapes := p.at, false
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '\\':
			escapes = true
			p.at++
		case c == '"':
			p.at++
			if !escapes {
				return string(p.text[start : p.at-1]), nil
			}
			return s, json.Unmarshal(p.text[start-1:p.at], &s)
		case c < ' ':
			return "", fmt.Errorf("character %q in a string", c)
		}
	}
	return "", io.ErrUnexpectedEOF
}

// null reads null, if that comes next.
func (p *parser) null() bool {
	p.space()
	if string(p.token()) != "null" {
		return false
	}
	p.at += len("null")
	return true
}

// delim reads the character c, which must come next; take reads it if it does.
func (p *parser) delim(c byte) error {
	if !p.take(c) {
		return p.unexpected(string(c))
	}
	return nil
}

func (p *parser) take(c byte) bool {
	p.space()
	if p.at >= len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t' ||
		p.text[p.at] == '\r') {
		p.at++
	}
}

// token is the number or word that comes next; it is empty where something else does.
func (p *parser) token() []byte {
	end := p.at
	for end < len(p.text) {
		c := p.text[end]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.') {
			break
		}
		end++
	}
	return p.text[p.at:end]
}

// unexpected is the error of something else than what is wanted.
func (p *parser) unexpected(want string) error {
	p.space()
	if p.at >= len(p.text) {
		return io.ErrUnexpectedEOF
	}
	got := p.token()
	if len(got) == 0 {
		got = p.text[p.at : p.at+1]
	}
	return fmt.Errorf("%s, want %s", Shown(string(got)), want)
}

// Shown returns a name out of a file as an error may contain it: not too long, and without control characters.
func Shown(name string) string {
	const most = 100
	if len(name) > most {
		name = name[:most] + "…"
	}
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}
