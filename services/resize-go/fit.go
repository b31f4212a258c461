package main

import (
	"image"
	"image/color"

	slipway "slipway.dev/sdk"
)

// fit makes each pixel the average of those that it stands for. A picture that fits already stays as it is.
func fit(ctx *slipway.TaskContext, picture image.Image, side int) (image.Image, error) {
	from := picture.Bounds()
	longest := max(from.Dx(), from.Dy())
	if longest <= side {
		return picture, nil
	}
	width, height := max(1, from.Dx()*side/longest), max(1, from.Dy()*side/longest)
	to := image.NewRGBA64(image.Rect(0, 0, width, height))
	for y := range height {
		// The answer may no longer be wanted: a large picture takes its time.
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		ctx.Progress(float64(y)/float64(height), "")
		for x := range width {
			area := image.Rect(
				from.Min.X+x*from.Dx()/width, from.Min.Y+y*from.Dy()/height,
				from.Min.X+max(1+x*from.Dx()/width, (x+1)*from.Dx()/width), from.Min.Y+max(1+y*from.Dy()/height, (y+1)*from.Dy()/height),
			)
			to.SetRGBA64(x, y, average(picture, area))
		}
	}
	return to, nil
}

func average(picture image.Image, area image.Rectangle) color.RGBA64 {
	var red, green, blue, alpha, count uint64
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA()
			red, green, blue, alpha, count = red+uint64(r), green+uint64(g), blue+uint64(b), alpha+uint64(a), count+1
		}
	}
	return color.RGBA64{R: uint16(red / count), G: uint16(green / count), B: uint16(blue / count), A: uint16(alpha / count)}
}
