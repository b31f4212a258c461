// Package api talks to the control plane: a method for every route, Trigger, and Stream.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"slipway.dev/sdk/internal/door"
)

// Refusal says that the server refused a request, and why (RFC 9457). Decide by Code.
type Refusal = door.SlipwayProblem

// Unreachable says that there was no answer.
type Unreachable = door.ServerUnreachable

const timeout = 30 * time.Second

// Client has a method for every route, under the operationId that /v1/docs shows. A refusal is a *Refusal, no answer an *Unreachable.
type Client struct {
	door *door.Door
	// Source is who sends the events that Trigger makes, default /slipway-client.
	Source string
}

// New makes a client of a server, such as http://127.0.0.1:8484. The token may be empty.
func New(server, token string) (*Client, error) {
	way, err := door.New(server, token, 0)
	if err != nil {
		return nil, err
	}
	return &Client{door: way, Source: "/slipway-client"}, nil
}

// Close breaks the connections that are idle.
func (c *Client) Close() { c.door.Close() }

// Pointer is for the optional members of parameters and bodies.
func Pointer[T any](value T) *T { return &value }

type request struct {
	method, path string
	names        map[string]string
	params       any
	body         any
	kind, accept string
	answers      []int
	header       map[string]string
	timeout      time.Duration
}

// ask: answers are not checked against their schemas, because a newer server may say more than this client knows.
func (c *Client) ask(ctx context.Context, asked request, answer any) error {
	path, err := pathOf(asked)
	if err != nil {
		return err
	}
	body, kind, err := bodyOf(asked)
	if err != nil {
		return err
	}
	if asked.timeout == 0 {
		asked.timeout = timeout
	}
	told, err := c.door.Ask(ctx, asked.method, path, kind, body, asked.header, asked.timeout)
	if err != nil {
		return err
	}
	isAnswer := told.Status < 400
	for _, status := range asked.answers {
		isAnswer = isAnswer || told.Status == status
	}
	if !isAnswer {
		return door.ProblemOf(told, asked.method+" "+path)
	}
	if answer == nil || len(told.Body) == 0 {
		return nil
	}
	if text, isText := answer.(*string); isText && strings.HasPrefix(asked.accept, "text/") {
		*text = string(told.Body)
		return nil
	}
	if err := json.Unmarshal(told.Body, answer); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", asked.method, path, err)
	}
	return nil
}

func bodyOf(asked request) ([]byte, string, error) {
	if asked.body == nil || (reflect.ValueOf(asked.body).Kind() == reflect.Pointer && reflect.ValueOf(asked.body).IsNil()) {
		return nil, "", nil
	}
	if text, isText := asked.body.(string); isText && asked.kind == "application/yaml" {
		return []byte(text), asked.kind, nil
	}
	body, err := json.Marshal(asked.body)
	kind := asked.kind
	if kind == "application/cloudevents+json" && bytes.HasPrefix(body, []byte("[")) {
		kind = "application/cloudevents-batch+json"
	}
	return body, kind, err
}

func pathOf(asked request) (string, error) {
	path := asked.path
	for name, value := range asked.names {
		if value == "" {
			return "", errors.New(name + " must not be empty")
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	query := url.Values{}
	params := reflect.ValueOf(asked.params)
	if asked.params != nil && !params.IsNil() {
		for at := range params.Elem().NumField() {
			name, _, _ := strings.Cut(params.Elem().Type().Field(at).Tag.Get("form"), ",")
			addParameter(query, name, params.Elem().Field(at))
		}
	}
	if len(query) == 0 {
		return path, nil
	}
	return path + "?" + query.Encode(), nil
}

func addParameter(query url.Values, name string, field reflect.Value) {
	if name == "" || field.Kind() != reflect.Pointer || field.IsNil() {
		return
	}
	value := field.Elem()
	if value.Kind() != reflect.Map {
		query.Set(name, fmt.Sprint(value.Interface()))
		return
	}
	for _, key := range value.MapKeys() {
		query.Set(name+"."+key.String(), fmt.Sprint(value.MapIndex(key).Interface()))
	}
}
