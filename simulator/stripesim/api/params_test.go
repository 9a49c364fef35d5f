package api

import (
	"testing"
)

func TestNestedParametersAreReadAsStrictlyAsTheTop(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"recurring[interval]=month":           "",
		"recurring=":                          "",
		"recurring[bogus]=1":                  "Received unknown parameter: recurring[bogus]",
		"recurring[a]=1&recurring[b]=1":       "Received unknown parameters: recurring[a], recurring[b]",
		"recurring=month":                     "Invalid object",
		"recurring[]=month":                   "Invalid object",
		"name[first]=a":                       "Invalid string",
		"name[]=a":                            "Invalid string",
		"expand=customer":                     "Invalid array",
		"expand=":                             "",
		"expand[]=a&expand[]=b":               "",
		"expand[0]=a&expand[1]=b":             "",
		"expand[x]=a":                         "Invalid array",
		"expand[0][a]=b":                      "Invalid string",
		"metadata[a][b]=c":                    "Metadata values must be strings, but for key 'a' you passed in a value of type hash.",
		"metadata[]=c":                        "Invalid hash",
		"metadata=c":                          "Invalid hash",
		"metadata=":                           "",
		"items[0][price]=p&items[0][bogus]=1": "Received unknown parameter: items[0][bogus]",
		"items[][price]=p&items[][price_data][x]=1": "Received unknown parameter: items[0][price_data]",
	} {
		root, failure := ParseForm(body)
		if failure != nil {
			t.Fatal(failure)
		}
		p := NewParams(root)
		p.Sub("recurring").Only("interval", "interval_count")
		for _, item := range p.List("items") {
			item.Only("price", "quantity")
		}
		p.Text("name")
		p.Texts("expand")
		p.Metadata(nil)
		got := ""
		if failure := p.Failed(); failure != nil {
			got = failure.Message
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
