package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// streamed is a value that writes and reads itself piece by piece. Tables do,
// because they can hold a hundred thousand objects.
type streamed interface {
	WriteJSON(out *bytes.Buffer) error
	ReadJSON(from *json.Decoder) error
}

// writeStruct writes the struct that s points to as a JSON object. It streams
// every field that can be streamed, also in the states inside.
func writeStruct(out *bytes.Buffer, s reflect.Value) error {
	out.WriteByte('{')
	first := true
	for name, field := range fieldsOf(s.Elem()) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(`"` + name + `":`)
		if err := writeValue(out, field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	out.WriteByte('}')
	return nil
}

func writeValue(out *bytes.Buffer, field reflect.Value) error {
	if table, ok := field.Addr().Interface().(streamed); ok {
		return table.WriteJSON(out)
	}
	if within(field) {
		return writeStruct(out, field)
	}
	return json.NewEncoder(out).Encode(field.Interface())
}

// readStruct reads what writeStruct wrote. An unknown name is an error: the file
// comes from another program.
func readStruct(from *json.Decoder, s reflect.Value) error {
	if token, err := from.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(fmt.Errorf("not an object: %v", token), err)
	}
	fields := map[string]reflect.Value{}
	for name, field := range fieldsOf(s.Elem()) {
		fields[name] = field
	}
	for from.More() {
		token, err := from.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		field, known := fields[name]
		if !known {
			return fmt.Errorf("unknown part %q", name)
		}
		if err := readValue(from, field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err := from.Token()
	return err
}

func readValue(from *json.Decoder, field reflect.Value) error {
	if table, ok := field.Addr().Interface().(streamed); ok {
		return table.ReadJSON(from)
	}
	if within(field) {
		return readStruct(from, field)
	}
	return from.Decode(field.Addr().Interface())
}

// within reports whether a field points to the state of one of the simulators.
func within(field reflect.Value) bool {
	return field.Kind() == reflect.Pointer && !field.IsNil() && strings.HasSuffix(field.Type().String(), "sim.State")
}

// fieldsOf yields the exported fields of a struct by their JSON names.
func fieldsOf(s reflect.Value) func(func(string, reflect.Value) bool) {
	return func(yield func(string, reflect.Value) bool) {
		for i := range s.NumField() {
			field := s.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" {
				name = field.Name
			}
			if !yield(name, s.Field(i)) {
				return
			}
		}
	}
}
