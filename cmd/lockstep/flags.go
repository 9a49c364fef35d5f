package main

import (
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
)

// valueMappers make kong explain a flag's missing or malformed value by an example. A flag gives the
// example in its tag, as in `example:"5s"`.
func valueMappers() []kong.Option {
	defaults := kong.NewRegistry().RegisterDefaults()
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[string](), needsValue(defaults.ForType(reflect.TypeFor[string]()))),
		kong.TypeMapper(reflect.TypeFor[uint64](), needsValue(defaults.ForType(reflect.TypeFor[uint64]()))),
		kong.TypeMapper(reflect.TypeFor[float64](), needsValue(defaults.ForType(reflect.TypeFor[float64]()))),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), needsValue(kong.MapperFunc(readDuration))),
		kong.TypeMapper(reflect.TypeFor[slog.Level](), needsValue(kong.MapperFunc(readLevel))),
		kong.NamedMapper("path", needsValue(defaults.ForNamedValue("path", reflect.ValueOf("")))),
	}
}

// needsValue reports a missing value.
func needsValue(next kong.Mapper) kong.Mapper {
	return kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		if !ctx.Scan.Peek().IsValue() {
			return fmt.Errorf("the value is missing%s", example(ctx.Value))
		}
		return next.Decode(ctx, target)
	})
}

func readDuration(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration%s", text, example(ctx.Value))
	}
	target.SetInt(int64(d))
	return nil
}

func readLevel(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("log level", &text); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("%q is not a log level; use debug, info, warn or error", text)
	}
	target.Set(reflect.ValueOf(level))
	return nil
}

// example shows how to set a flag; empty if its tag gives no example.
func example(v *kong.Value) string {
	shown := v.Tag.Get("example")
	if shown == "" {
		shown = v.Default
	}
	if shown == "" || v.Flag == nil {
		return ""
	}
	return fmt.Sprintf("; for example --%s=%s", v.Name, shown)
}
