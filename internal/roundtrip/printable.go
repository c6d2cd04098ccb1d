package roundtrip

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable replaces what a server's text could do to a terminal, such as escape
// sequences and characters that change the direction of the text, by what Go would write
// for it.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r), r == ' ':
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}
