package ordered

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// WriteJSON appends the table to out as MarshalJSON writes it. It is faster,
// because encoding/json copies and validates what a marshaler returns.
func (t *Table[T, P]) WriteJSON(out *bytes.Buffer) error {
	encoder := json.NewEncoder(out)
	out.WriteByte('[')
	for i, item := range t.items {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(item); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

// ReadJSON replaces the table with the next array of the decoder. It reads item
// by item, so a large table is never in memory twice.
func (t *Table[T, P]) ReadJSON(from *json.Decoder) error {
	*t = Table[T, P]{}
	if token, err := from.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(fmt.Errorf("not an array: %v", token), err)
	}
	for from.More() {
		item := P(new(T))
		if err := from.Decode(item); err != nil {
			return err
		}
		t.Add(item)
	}
	_, err := from.Token()
	return err
}
