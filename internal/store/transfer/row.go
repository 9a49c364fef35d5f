package transfer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// row is a row's values in the order of its table's columns: nil, int64, string or []byte.
type row []any

// canonical turns the values of a row, from the source or the target, into the form that is
// compared and written. It returns how many texts had to be changed.
func (t table) canonical(values []any, afresh bool) (r row, changed int64, err error) {
	r = make(row, len(values))
	for i, c := range t.columns {
		switch v := values[i].(type) {
		case nil:
			continue
		case int64:
			r[i] = v
		case int32:
			r[i] = int64(v)
		case int16:
			r[i] = int64(v)
		case string:
			if clean := storable(v); clean != v {
				v = clean
				changed++
			}
			r[i] = v
		case []byte:
			r[i] = v
		default:
			return nil, 0, fmt.Errorf("column %s of table %s holds a %T", c.name, t.name, v)
		}
		if afresh && c.fresh {
			r[i] = map[kind]any{integer: int64(0), text: ""}[c.kind]
		}
	}
	return r, changed, nil
}

// storable returns a text as PostgreSQL can store it.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// size is about how much memory the row takes.
func (r row) size() int {
	n := 64
	for _, v := range r {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}

// sum is the number of rows of a table, and the sum of their hashes, which does not depend on their
// order.
type sum struct {
	rows   int64
	hi, lo uint64
}

func (s *sum) add(r row) {
	h := sha256.New()
	var length [9]byte
	for _, v := range r {
		var data []byte
		switch v := v.(type) {
		case nil:
			length[0] = 0
		case int64:
			length[0], data = 1, binary.BigEndian.AppendUint64(nil, uint64(v)) //nolint:gosec // its bits
		case string:
			length[0], data = 2, []byte(v)
		case []byte:
			length[0], data = 3, v
		}
		binary.BigEndian.PutUint64(length[1:], uint64(len(data)))
		h.Write(length[:])
		h.Write(data)
	}
	digest := h.Sum(nil)
	var carry uint64
	s.rows++
	s.lo, carry = bits.Add64(s.lo, binary.BigEndian.Uint64(digest[8:16]), 0)
	s.hi, _ = bits.Add64(s.hi, binary.BigEndian.Uint64(digest[:8]), carry)
}

// String returns the checksum.
func (s sum) String() string { return fmt.Sprintf("%016x%016x", s.hi, s.lo) }

// cursor encodes the key of a row of the source.
func (t table) cursor(values []any) (string, error) {
	var parts []string
	for i, c := range t.columns {
		if !c.key {
			continue
		}
		switch v := values[i].(type) {
		case int64:
			parts = append(parts, strconv.FormatInt(v, 10))
		case string:
			parts = append(parts, base64.StdEncoding.EncodeToString([]byte(v)))
		default:
			return "", fmt.Errorf("key %s of table %s holds a %T", c.name, t.name, v)
		}
	}
	spelled, err := json.Marshal(parts)
	return string(spelled), err
}

// parse decodes a cursor.
func (t table) parse(cursor string) ([]any, error) {
	var parts []string
	if err := json.Unmarshal([]byte(cursor), &parts); err != nil {
		return nil, err
	}
	keys := t.keys()
	if len(parts) != len(keys) {
		return nil, fmt.Errorf("the progress of table %s has %d keys, not %d", t.name, len(parts), len(keys))
	}
	values := make([]any, len(keys))
	for i, c := range keys {
		if c.kind == integer {
			n, err := strconv.ParseInt(parts[i], 10, 64)
			if err != nil {
				return nil, err
			}
			values[i] = n
			continue
		}
		b, err := base64.StdEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, err
		}
		values[i] = string(b)
	}
	return values, nil
}
