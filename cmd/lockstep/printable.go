package main

import (
	"fmt"
	"strings"
	"unicode"
)

// printable returns a text in which nothing controls a terminal: names, reasons and types come from others,
// and could clear the screen or reverse the order of characters. It shows such characters as \u{…}.
func printable(text string) string {
	if !strings.ContainsFunc(text, controls) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if controls(r) {
			fmt.Fprintf(&b, `\u{%x}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printableLines is printable for a text of several lines.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// row returns the line of a table. It ends each cell but the last with a tab.
func row(cells ...string) string {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	return strings.Join(cells, "\t")
}

// controls reports whether a character is a control or format character, or not valid UTF-8.
func controls(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || r == '\u2028' ||
		r == '\u2029'
}
