package slipway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	slipway "slipway.dev/sdk"
)

func TestAServiceThatIsRefusedForGoodEndsWithTheRefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "application/problem+json")
		response.WriteHeader(http.StatusUnauthorized)
		_, _ = response.Write([]byte(`{"type":"/x","title":"No","status":401,"code":"unauthorized","detail":"the token is not known"}`))
	}))
	defer server.Close()
	task := slipway.DefineTask("a", func(*slipway.TaskContext, any) (number, error) { return number{}, nil })
	for _, connect := range []slipway.Connect{slipway.Claim, slipway.Push} {
		service, err := slipway.Start(slipway.Options{Connect: connect, Server: server.URL, Log: quiet}, task)
		equal(t, err, nil)
		<-service.Closed()
		if err := service.Close(); err == nil || !strings.Contains(err.Error(), "401 unauthorized: the token is not known") {
			t.Fatal(err)
		}
	}
}
