package look

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
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
