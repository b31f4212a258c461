// Command resize is a task service: the task `resize` makes a picture smaller.
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"log"

	slipway "slipway.dev/sdk"
)

const (
	sideMax = 4_096
	// Pixels of the picture that comes: a small file can hold a very large one.
	pixelsMax = 50_000_000
	quality   = 85
)

// Input is a picture, and the side that it must fit into.
type Input struct {
	// Image is a PNG or JPEG in base64.
	Image string `json:"image"`
	// Side is the longest side of the result in pixels.
	Side int `json:"side"`
}

// Validate refuses what cannot be done.
func (i *Input) Validate() error {
	if i.Image == "" {
		return errors.New("image: a PNG or JPEG in base64")
	}
	if i.Side < 1 || i.Side > sideMax {
		return fmt.Errorf("side: 1 to %d pixels", sideMax)
	}
	return nil
}

// Output is the smaller picture.
type Output struct {
	Image  string `json:"image"`
	Format string `json:"format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

var resize = slipway.DefineTask("resize", func(ctx *slipway.TaskContext, in Input) (Output, error) {
	picture, format, err := decode(in.Image)
	if err != nil {
		return Output{}, err
	}
	smaller, err := fit(ctx, picture, in.Side)
	if err != nil {
		return Output{}, err
	}
	var encoded bytes.Buffer
	if format == "jpeg" {
		err = jpeg.Encode(&encoded, smaller, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&encoded, smaller)
	}
	if err != nil {
		return Output{}, err
	}
	size := smaller.Bounds()
	return Output{base64.StdEncoding.EncodeToString(encoded.Bytes()), format, size.Dx(), size.Dy()}, nil
})

func decode(text string) (image.Image, string, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "", slipway.Terminal("NOT_BASE64", "image: "+err.Error())
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, "", slipway.Terminal("NOT_A_PICTURE", "image: "+err.Error())
	}
	if config.Width > pixelsMax/max(1, config.Height) {
		return nil, "", slipway.Terminal("TOO_LARGE", fmt.Sprintf("image: %d x %d pixels; at most %d in all", config.Width, config.Height, pixelsMax))
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, "", slipway.Terminal("NOT_A_PICTURE", "image: "+err.Error())
	}
	return picture, format, nil
}

func main() {
	options, err := slipway.FromEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	if options.Name == "" {
		options.Name = "resize-go"
	}
	options.Version = slipway.Version
	if err := slipway.Serve(options, resize); err != nil {
		log.Fatal(err)
	}
}
