// Package eventbody compresses the bodies of events, so that a delivery writes less.
package eventbody

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// marker begins a packed body; a block in the format S2 follows. JSON cannot begin with this byte.
const marker = 0xFF

// worthwhile is the length from which compression saves more than it costs.
const worthwhile = 256

// largest is more than any body has, so that a damaged length allocates no more.
const largest = 64 << 20

// ErrCorrupt is the error for stored bytes that are damaged.
var ErrCorrupt = errors.New("the stored body is damaged")

// Pack returns a body as it is stored. An empty body stays empty.
func Pack(body []byte) []byte {
	if len(body) < worthwhile && !bytes.HasPrefix(body, []byte{marker}) {
		return body
	}
	packed := make([]byte, 1+s2.MaxEncodedLen(len(body)))
	packed[0] = marker
	return packed[:1+len(s2.Encode(packed[1:], body))]
}

// Unpack returns the body that Pack was given, or that an earlier version stored as it came. The error
// is [ErrCorrupt].
func Unpack(stored []byte) ([]byte, error) {
	block, packed := bytes.CutPrefix(stored, []byte{marker})
	if !packed {
		return stored, nil
	}
	if size, err := s2.DecodedLen(block); err != nil || size > largest {
		return nil, fmt.Errorf("%w: its length is %d bytes", ErrCorrupt, size)
	}
	body, err := s2.Decode(nil, block)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return body, nil
}
