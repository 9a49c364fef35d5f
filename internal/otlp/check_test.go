package otlp_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/otlp"
)

// TestCheckNamesTheVariable: the exporters would log these mistakes with the value, and go on without the setting.
func TestCheckNamesTheVariable(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_HEADERS": "s3cret",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b,x=s3cret%zz", "OTEL_EXPORTER_OTLP_TIMEOUT": "5s",
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "-1", "OTEL_TRACES_SAMPLER": "sometimes",
	} {
		set := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", variable: value}
		err := otlp.Check(func(name string) string { return set[name] })
		if err == nil || !strings.HasPrefix(err.Error(), variable+": ") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", variable, err)
		}
		delete(set, "OTEL_EXPORTER_OTLP_ENDPOINT")
		if err := otlp.Check(func(name string) string { return set[name] }); err != nil {
			t.Errorf("without an endpoint: %v", err)
		}
	}
	set := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_TIMEOUT": "5000",
		"OTEL_EXPORTER_OTLP_HEADERS": "a=b%3D, c=d=,", "OTEL_TRACES_SAMPLER": "traceidratio"}
	if err := otlp.Check(func(name string) string { return set[name] }); err != nil {
		t.Error(err)
	}
}
