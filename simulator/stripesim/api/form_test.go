package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainTree turns a decoded form into maps, lists and texts.
func plainTree(n *Node) any {
	switch {
	case len(n.items) > 0:
		var list []any
		for _, item := range n.items {
			list = append(list, plainTree(item))
		}
		return list
	case len(n.Fields) > 0:
		fields := map[string]any{}
		for name, child := range n.Fields {
			fields[name] = plainTree(child)
		}
		return fields
	}
	return n.Value
}

func TestFormsAreDecodedInEveryNotation(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]any{
		"a=1&b=x%20y+z":    map[string]any{"a": "1", "b": "x y z"},
		"m[k]=v&m[empty]=": map[string]any{"m": map[string]any{"k": "v", "empty": ""}},
		"e[]=a&e[]=b":      map[string]any{"e": []any{"a", "b"}},
		"i[0][p]=x&i[1][p]=y": map[string]any{"i": map[string]any{"0": map[string]any{"p": "x"},
			"1": map[string]any{"p": "y"}}},
		"i[][p]=x&i[][q]=1&i[][p]=y&i[][q]=2": map[string]any{"i": []any{map[string]any{"p": "x", "q": "1"},
			map[string]any{"p": "y", "q": "2"}}},
		"a%5Bb%5D=1": map[string]any{"a": map[string]any{"b": "1"}},
	} {
		root, failure := ParseForm(form)
		if failure != nil {
			t.Errorf("%s: %v", form, failure)
			continue
		}
		if diff := cmp.Diff(want, plainTree(root)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
	for _, form := range []string{"a[b=1", "[a]=1", "a%zz=1", "a=%zz", "a[b][c][d][e][f][g][h][i][j]=1"} {
		if root, failure := ParseForm(form); failure == nil {
			t.Errorf("%s is accepted as %v", form, plainTree(root))
		}
	}
}

func TestIndexedListsAreInTheOrderOfTheirIndex(t *testing.T) {
	t.Parallel()
	root, failure := ParseForm("i[10]=c&i[2]=b&i[0]=a")
	if failure != nil {
		t.Fatal(failure)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, NewParams(root).Texts("i")); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
}

func FuzzForms(f *testing.F) {
	f.Add("a[b][]=1&a[0][c]=2")
	f.Add("expand[]=data.customer&created[gte]=1")
	f.Fuzz(func(t *testing.T, form string) {
		root, failure := ParseForm(form)
		if failure == nil && root == nil {
			t.Error("neither a form nor an error")
		}
	})
}
