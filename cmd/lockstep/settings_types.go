package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// mistyped finds the first setting of a file whose value has another type than the setting. It says so in
// the words of a user; the library's error names the types of Go. Nil means that every value has the right type.
func mistyped(path string) error {
	var values map[string]any
	if _, err := toml.DecodeFile(path, &values); err == nil {
		return mistypedIn("", values, reflect.TypeFor[file]())
	}
	return nil // the caller has an error already
}

// mistypedIn looks through one table.
func mistypedIn(prefix string, values map[string]any, table reflect.Type) error {
	fields := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(table) {
		if name := field.Tag.Get("toml"); name != "" {
			fields[name] = field
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field, known := fields[name]
		if !known {
			continue
		}
		if err := mistypedValue(prefix+name, values[name], field.Type, field.Tag.Get("default")); err != nil {
			return err
		}
	}
	return nil
}

// mistypedValue compares one value with the type of its setting.
func mistypedValue(name string, value any, of reflect.Type, example string) error {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	wanted := ""
	switch {
	case of == reflect.TypeFor[duration]():
		wanted = wantedUnless[string](value, `a duration in quotation marks, for example "5s"`)
	case of.Kind() == reflect.String:
		wanted = wantedUnless[string](value, "a text in quotation marks")
	case of.Kind() == reflect.Bool:
		wanted = wantedUnless[bool](value, "true or false")
	case of.Kind() == reflect.Int, of.Kind() == reflect.Int64:
		wanted = wantedUnless[int64](value, "a whole number")
	case of.Kind() == reflect.Float64:
		if wantedUnless[int64](value, "x") != "" {
			wanted = wantedUnless[float64](value, "a number")
		}
	case of.Kind() == reflect.Struct:
		if table, is := value.(map[string]any); is {
			return mistypedIn(name+".", table, of)
		}
		wanted = "a table, as in [" + name + "]"
	case of.Kind() == reflect.Slice:
		return mistypedList(name, value, of.Elem())
	}
	if wanted == "" {
		return nil
	}
	if strings.HasPrefix(wanted, "a whole") && example != "" {
		wanted += ", for example " + strings.Fields(example)[0]
	}
	return fmt.Errorf("%s: %s is not %s", name, written(value), wanted)
}

// mistypedList compares a list with the type of its elements.
func mistypedList(name string, value any, of reflect.Type) error {
	switch list := value.(type) {
	case []any:
		for _, element := range list {
			if err := mistypedValue(name, element, of, ""); err != nil {
				return err
			}
		}
		return nil
	case []map[string]any:
		for _, table := range list {
			if err := mistypedValue(name, table, of, ""); err != nil {
				return err
			}
		}
		return nil
	}
	if of.Kind() == reflect.Struct {
		return fmt.Errorf("%s: it is not a list of tables; begin each with [[%s]]", name, name)
	}
	return fmt.Errorf("%s: %s is not a list, for example [\"a\", \"b\"]", name, written(value))
}

// wantedUnless returns what is wanted, unless the value has the type.
func wantedUnless[T any](value any, wanted string) string {
	if _, is := value.(T); is {
		return ""
	}
	return wanted
}

// written is a value roughly as the file has it.
func written(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any, []map[string]any:
		return "a table"
	}
	return fmt.Sprint(value)
}
