package eventlog

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unique"
)

const packSize = 128

// Pack holds consecutive events in compressed form. Events resemble each other
// so much that it takes a fifteenth of their size.
type Pack struct {
	ID    string `json:"id"`    // of the last event
	Heads []byte `json:"heads"` // id, type and time of each event
	Data  []byte `json:"data"`  // the rest of each event

	// The settlements of its events from the first one that is kept. Set only
	// while saving.
	First      int          `json:"first,omitempty"`
	Deliveries []settlement `json:"deliveries,omitempty"`
}

// Key is the id.
func (p *Pack) Key() string { return p.ID }

// packer compresses events.
type packer struct{ deflater *flate.Writer }

// pack packs the events of up to packSize records.
func (p *packer) pack(records []*Record) *Pack {
	var heads, data []byte
	for _, r := range records {
		e := r.Event
		heads = appendParts(heads, []byte(r.ID), []byte(r.Kind), binary.AppendVarint(nil, r.created))
		data = appendParts(data, e.Object, e.Previous, []byte(e.Version), []byte(e.About), []byte(e.AboutType),
			[]byte(e.Customer), []byte(e.RequestID), []byte(e.IdempotencyKey))
	}
	packed := &Pack{ID: records[len(records)-1].ID, Heads: p.deflate(heads), Data: p.deflate(data)}
	for slot, r := range records {
		r.Event, r.pack, r.slot = nil, packed, uint8(slot)
	}
	return packed
}

func (p *packer) deflate(plain []byte) []byte {
	var compressed bytes.Buffer
	if p.deflater == nil {
		p.deflater, _ = flate.NewWriter(nil, flate.DefaultCompression) // fails only for an invalid level
	}
	p.deflater.Reset(&compressed)
	_, _ = p.deflater.Write(plain) // a buffer accepts everything
	_ = p.deflater.Close()
	return bytes.Clone(compressed.Bytes())
}

// records rebuilds the records of a loaded pack.
func (p *Pack) records() ([]*Record, error) {
	parts, err := inflate(p.Heads)
	if err != nil || len(parts)%3 != 0 || p.First < 0 || p.First+len(p.Deliveries) != len(parts)/3 ||
		len(parts)/3 > packSize {
		return nil, errors.Join(fmt.Errorf("event pack %s is damaged", p.ID), err)
	}
	records := make([]*Record, 0, len(p.Deliveries))
	for slot := p.First; slot < len(parts)/3; slot++ {
		created, _ := binary.Varint(parts[3*slot+2])
		records = append(records, &Record{ID: string(parts[3*slot]), Kind: unique.Make(string(parts[3*slot+1])).Value(),
			created: created, pack: p, slot: uint8(slot), Delivery: p.Deliveries[slot-p.First]})
	}
	return records, nil
}

// readPack caches the last pack that was read, because a reader of one event
// usually wants its neighbours next.
type readPack struct {
	pack  *Pack
	parts [][]byte
}

func (p *readPack) event(r *Record) Event {
	const fields = 8
	if p.pack != r.pack {
		parts, err := inflate(r.pack.Data)
		if err != nil || len(parts) < fields*(int(r.slot)+1) {
			panic(fmt.Sprintf("stripesim: event %s is lost: %v", r.ID, err))
		}
		p.pack, p.parts = r.pack, parts
	}
	part := p.parts[fields*int(r.slot):]
	return Event{ID: r.ID, Type: r.Kind, Created: r.CreatedAt(), Object: part[0], Previous: part[1],
		Version: string(part[2]), About: string(part[3]), AboutType: string(part[4]), Customer: string(part[5]),
		RequestID: string(part[6]), IdempotencyKey: string(part[7])}
}

func appendParts(to []byte, parts ...[]byte) []byte {
	for _, part := range parts {
		to = append(binary.AppendUvarint(to, uint64(len(part))), part...)
	}
	return to
}

func inflate(compressed []byte) ([][]byte, error) {
	all, err := io.ReadAll(flate.NewReader(bytes.NewReader(compressed)))
	if err != nil {
		return nil, err
	}
	parts := make([][]byte, 0, 8*packSize)
	for len(all) > 0 {
		length, width := binary.Uvarint(all)
		if width <= 0 || uint64(len(all)-width) < length {
			return nil, errors.New("a part is truncated")
		}
		end := width + int(length)
		var part []byte // nil if there is nothing
		if length > 0 {
			part = all[width:end:end]
		}
		parts, all = append(parts, part), all[end:]
	}
	return parts, nil
}
