package otlp

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The variables whose mistakes the SDK and the exporters only log, some of them with the value, which can be a key.
const (
	headersVariable       = "OTEL_EXPORTER_OTLP_HEADERS"
	tracesHeadersVariable = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	timeoutVariable       = "OTEL_EXPORTER_OTLP_TIMEOUT"
	tracesTimeoutVariable = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
	samplerVariable       = "OTEL_TRACES_SAMPLER"
)

// samplers are the samplers that the SDK knows.
var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off",
	"parentbased_traceidratio"}

// Check returns what is wrong in the environment; nil if traces are off. FromEnvironment refuses the same.
func Check(getenv func(string) string) error {
	on, err := wanted(getenv)
	if err != nil || !on {
		return err
	}
	return errors.Join(checkProtocol(protocol(getenv)), checkHeaders(headersVariable, getenv),
		checkHeaders(tracesHeadersVariable, getenv), checkTimeout(timeoutVariable, getenv),
		checkTimeout(tracesTimeoutVariable, getenv), checkSampler(getenv(samplerVariable)))
}

func protocol(getenv func(string) string) string {
	return cmp.Or(getenv(tracesProtocolVariable), getenv(protocolVariable), "http/protobuf")
}

func checkProtocol(name string) error {
	if name == "http/protobuf" || name == "grpc" {
		return nil
	}
	return fmt.Errorf(`%s: %q is not supported; use "http/protobuf" or "grpc"`, protocolVariable, name)
}

// checkHeaders does not quote the headers: they contain the key of a vendor.
func checkHeaders(variable string, getenv func(string) string) error {
	text := getenv(variable)
	if text == "" {
		return nil
	}
	for i, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue // as the exporters do
		}
		name, value, is := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); !is || strings.TrimSpace(name) == "" || err != nil {
			return fmt.Errorf("%s: header %d is not of the form name=value, encoded like a URL; for example api-key=abc%%3D", variable, i+1)
		}
	}
	return nil
}

func checkTimeout(variable string, getenv func(string) string) error {
	text := getenv(variable)
	if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 0) {
		return fmt.Errorf("%s: %q is not a number of milliseconds; for example 10000", variable, text)
	}
	return nil
}

func checkSampler(name string) error {
	if name == "" || slices.Contains(samplers, strings.ToLower(strings.TrimSpace(name))) {
		return nil
	}
	return fmt.Errorf("%s: %q is not known; use one of %s", samplerVariable, name, strings.Join(samplers, ", "))
}
