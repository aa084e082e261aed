"""A video's header and packets -> what they say: {frames, fps, seconds, width, height, codec, container, decoder}."""

import os
from typing import Any

from modalities.video.data import VideoData, bounds_of
from modalities.video.frame_folder import FolderReader
from modalities.video.scans import packets_of
from vggx.data.listing import Sample


def facts(data: VideoData, sample: Sample) -> dict[str, Any]:
    """Width and height are the upright picture's, codec and container FFmpeg's names; `decoder` is the one that
    modality.data.decoder=auto takes, and `pyav_because` says why it is not decord. What nothing tells is None.

    Raises:
        BadFile: not a video, or beyond the bounds that the data's options set.
    """
    path, bounds = sample.path, bounds_of(data.options)
    if os.path.isdir(path):
        folder = FolderReader(path, bounds)
        height, width, _ = folder.frame(0).shape
        codec = os.path.splitext(folder.files[0])[1][1:].lower()
        shape = {"frames": folder.length, "width": width, "height": height}
        return {**shape, "codec": codec, "container": "folder", "decoder": "frames"}
    packets = packets_of(path, bounds)
    size = packets.width, packets.height
    width, height = size if packets.turn[0] else size[::-1]  # a quarter turn exchanges them
    return {
        "frames": packets.length,
        "fps": packets.fps or None,
        "seconds": packets.seconds or None,
        "width": width,
        "height": height,
        "codec": packets.codec,
        "container": packets.container,
        "decoder": packets.decoder,
        "pyav_because": packets.reason or None,
    }
