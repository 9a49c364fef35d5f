package look

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"regexp"
	"strings"
)

// Style is the style sheet, as CSS.
//
//go:embed style.css
var Style string

// Icon is the favicon, as SVG. It adapts to dark mode.
//
//go:embed icon.svg
var Icon string

// Version identifies a file in its URL, so that browsers may keep it forever.
func Version(file string) string {
	sum := sha256.Sum256([]byte(file))
	return hex.EncodeToString(sum[:6])
}

var token = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6})\b`)

// Color returns the color of a token, such as "accent", as the style sheet has it: #3d4fd1. It is empty for an
// unknown token.
func Color(name string, dark bool) string {
	light, rest, _ := strings.Cut(Style, "prefers-color-scheme: dark")
	if dark {
		light, _, _ = strings.Cut(rest, "/* Text */")
	}
	for _, found := range token.FindAllStringSubmatch(light, -1) {
		if found[1] == name {
			return found[2]
		}
	}
	return ""
}
