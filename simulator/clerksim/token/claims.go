package token

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

var shortcode = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// Fill replaces the shortcodes of a template, such as {{user.first_name}}, with
// values that it finds by their path in values. A text that is one shortcode
// keeps the JSON type of its value, and becomes null if there is none. Inside
// other text, values are written as text. Objects and lists are filled at every
// level.
func Fill(template any, values map[string]any) any {
	switch given := template.(type) {
	case string:
		return fillText(given, values)
	case map[string]any:
		filled := make(map[string]any, len(given))
		for name, value := range given {
			filled[name] = Fill(value, values)
		}
		return filled
	case []any:
		filled := make([]any, 0, len(given))
		for _, value := range given {
			filled = append(filled, Fill(value, values))
		}
		return filled
	}
	return template
}

func fillText(template string, values map[string]any) any {
	if match := shortcode.FindStringSubmatch(template); match != nil && match[0] == strings.TrimSpace(template) {
		return evaluate(match[1], values)
	}
	return shortcode.ReplaceAllStringFunc(template, func(code string) string {
		value := evaluate(shortcode.FindStringSubmatch(code)[1], values)
		if text, ok := value.(string); ok {
			return text
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return err.Error()
		}
		return string(encoded)
	})
}

// evaluate returns the first operand of a || b || c that is neither null nor
// false, or else the last.
func evaluate(expression string, values map[string]any) any {
	var value any
	for operand := range strings.SplitSeq(expression, "||") {
		value = operandValue(strings.TrimSpace(operand), values)
		if value != nil && value != false {
			return value
		}
	}
	return value
}

// operandValue is a literal ('text', number, true, false) or the value at a path.
func operandValue(operand string, values map[string]any) any {
	if literal, ok := strings.CutPrefix(operand, "'"); ok {
		return strings.TrimSuffix(literal, "'")
	}
	var literal any
	if err := json.Unmarshal([]byte(operand), &literal); err == nil {
		switch literal.(type) {
		case float64, bool:
			return literal
		}
	}
	return at(operand, values)
}

// at returns the value at a path such as user.public_metadata.plan; nil if the
// path leads nowhere.
func at(path string, values map[string]any) any {
	var value any = values
	for field := range strings.SplitSeq(path, ".") {
		level, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = level[field]
	}
	return value
}

// reserved are the claims that no template may set.
var reserved = []string{"azp", "exp", "iat", "iss", "jti", "nbf", "sid", "sub", "v", "pla", "fea", "sts", "fva",
	"o", "act"}

// Reserved reports whether a claim is one that every token has of its own.
func Reserved(claim string) bool { return slices.Contains(reserved, claim) }
