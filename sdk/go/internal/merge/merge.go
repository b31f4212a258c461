// Package runtime stands for the one function that generated types need of github.com/oapi-codegen/runtime, so that users of this
// module need no further one.
package runtime

import "encoding/json"

// JSONMerge merges the members of two JSON objects; those of the second win.
func JSONMerge(data, patch json.RawMessage) (json.RawMessage, error) {
	merged := map[string]json.RawMessage{}
	for _, text := range []json.RawMessage{data, patch} {
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &merged); err != nil {
			return nil, err
		}
	}
	return json.Marshal(merged)
}
