#!/usr/bin/env bash
# Makes the photos of ../photos: scenery that nobody photographed, with metadata that a real EXIF writer wrote.
# Needs ImageMagick and exiftool (apt-get install imagemagick libimage-exiftool-perl); the service itself needs neither.
# usage: services/photo-authenticity/tools/make-photos.sh [FOLDER]
set -euo pipefail
export TZ=UTC
into=${1:-$(dirname "$0")/../photos}
mkdir -p "$into"

# scene NAME SEED SKY_TOP SKY_LOW HILL_FAR HILL_NEAR GROUND
scene() {
  local name=$1 seed=$2 top=$3 low=$4 far=$5 near=$6 ground=$7
  convert -size 640x427 -seed "$seed" "gradient:$top-$low" \
    \( -size 640x427 plasma:white-gray80 -blur 0x6 -colorspace gray \) -compose softlight -composite \
    -fill '#fff4d0' -draw 'circle 500,90 522,90' -blur 0x1 \
    -fill "$far" -draw 'polygon 0,270 70,215 130,250 210,170 290,245 360,200 450,255 540,190 640,250 640,427 0,427' \
    -fill "$near" -draw 'polygon 0,320 90,275 190,315 300,262 410,318 520,280 640,325 640,427 0,427' \
    -fill "$ground" -draw 'polygon 0,372 160,350 330,378 480,356 640,380 640,427 0,427' \
    -attenuate 0.08 +noise Gaussian -strip -sampling-factor 4:2:0 -quality 55 "$into/$name.jpg"
}

# write NAME TAG=VALUE...
write() {
  local name=$1
  shift
  exiftool -q -overwrite_original -n "${@/#/-}" "$into/$name.jpg"
}

scene harbour 11 '#4a78b8' '#f2d3a0' '#5b6f8f' '#3d4f6b' '#27384f'
write harbour Make='Fernblick' Model='Fernblick F2' LensModel='35mm f/2' Artist='Mara Lindqvist; Tomas Okonjo' \
  DateTimeOriginal='2026:05:14 19:42:07' OffsetTimeOriginal='+02:00' ModifyDate='2026:05:14 19:42:07' \
  GPSLatitude=53.5461 GPSLatitudeRef=N GPSLongitude=9.9662 GPSLongitudeRef=E ExposureTime=0.004 FNumber=5.6 ISO=200

scene ridge 23 '#2f5fa8' '#dfe9f5' '#7c8ba3' '#55708a' '#3f6b45'
write ridge Make='Fernblick' Model='Fernblick F2' Artist='Ines Abalone' Copyright='Ines Abalone' \
  DateTimeOriginal='2026:08:02 06:15:30' OffsetTimeOriginal='+02:00' \
  GPSLatitude=47.2692 GPSLatitudeRef=N GPSLongitude=11.4041 GPSLongitudeRef=E GPSAltitude=2256 GPSAltitudeRef=0

scene bay 37 '#1f4f90' '#ffb37a' '#6a5580' '#46406a' '#2b2f52'
write bay Make='Kestrel Optics' Model='K-100' XMP-dc:Creator='Tomas Okonjo' \
  DateTimeOriginal='2025:12:27 20:51:00' \
  GPSLatitude=33.0472 GPSLatitudeRef=S GPSLongitude=71.6127 GPSLongitudeRef=W

scene retouched 41 '#6a4aa0' '#ffd0dc' '#70507f' '#4c3560' '#33234a'
write retouched Make='Kestrel Optics' Model='K-100' Artist='Nobody Inparticular; Mara Lindqvist' Software='PixelBrush 4.1' \
  DateTimeOriginal='2026:01:05 11:00:00' ModifyDate='2026:03:30 22:14:09' \
  GPSLatitude=52.5208 GPSLatitudeRef=N GPSLongitude=13.4094 GPSLongitudeRef=E

scene meadow 53 '#5c9fd6' '#e9f6ff' '#88a878' '#5f8f50' '#3f7038'
write meadow Make='Kestrel Optics' Model='K-100' Artist='Ines Abalone' DateTimeOriginal='2026:06:21 13:30:00'

scene bare 67 '#8895a5' '#d8dde2' '#7d858c' '#5d656b' '#43494d'

ls -l "$into"
