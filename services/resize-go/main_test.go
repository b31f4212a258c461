package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"testing"

	slipway "slipway.dev/sdk"
)

// halves is black on its left and white on its right.
func halves(t *testing.T, width, height int) string {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := width / 2; x < width; x++ {
			picture.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(encoded.Bytes())
}

func run(t *testing.T, input Input) slipway.TaskRun {
	t.Helper()
	ended, err := slipway.RunTask(t.Context(), resize, input)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

func TestAPictureIsMadeSmallerAndKeepsItsShapeAndColours(t *testing.T) {
	ended := run(t, Input{Image: halves(t, 400, 200), Side: 40})
	if ended.Output["width"] != 40.0 || ended.Output["height"] != 20.0 || ended.Output["format"] != "png" {
		t.Fatalf("%+v", ended)
	}
	text, _ := ended.Output["image"].(string)
	picture, _, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	left, _, _, _ := picture.At(3, 10).RGBA()
	right, _, _, _ := picture.At(36, 10).RGBA()
	if left != 0 || right != 0xffff {
		t.Fatal(left, right)
	}
	if last := ended.Progress[len(ended.Progress)-1]; last.Fraction != 0.95 {
		t.Fatal(last)
	}
}

func TestAPictureThatFitsStaysAsItIs(t *testing.T) {
	if ended := run(t, Input{Image: halves(t, 4, 2), Side: 40}); ended.Output["width"] != 4.0 {
		t.Fatalf("%+v", ended)
	}
}

func TestWhatIsNoPictureIsRefusedForGood(t *testing.T) {
	for image, code := range map[string]string{"": "INVALID_INPUT", "%": "NOT_BASE64", "aGVsbG8=": "NOT_A_PICTURE"} {
		ended := run(t, Input{Image: image, Side: 1})
		if ended.Error.Code != code || *ended.Error.Retryable {
			t.Fatalf("%+v", ended.Error)
		}
	}
	if ended := run(t, Input{Image: "aGVsbG8=", Side: 0}); ended.Message != "the input of resize is not valid: side: 1 to 4096 pixels" {
		t.Fatal(ended.Message)
	}
}
