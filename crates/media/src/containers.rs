//! The containers that are decoded, by ffmpeg's names.
//!
//! Left out on purpose: everything that names other files or addresses (hls, dash, concat, image2, imf, sdp, rtsp, svg,
//! vobsub, webm_dash_manifest), devices (lavfi, x11grab, fbdev …), raw data that any bytes would fit, text art (tty),
//! tracker and game music synthesised by outside libraries, and the formats of single games.

/// Containers of film and sound.
const FILM_AND_SOUND: &[&str] = &[
    "mov",
    "matroska",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "avi",
    "flv",
    "live_flv",
    "asf",
    "rm",
    "ogg",
    "wav",
    "w64",
    "mp3",
    "aac",
    "flac",
    "ac3",
    "eac3",
    "dts",
    "dtshd",
    "truehd",
    "mlp",
    "amr",
    "amrnb",
    "amrwb",
    "ape",
    "aiff",
    "au",
    "caf",
    "tta",
    "tak",
    "wv",
    "mpc",
    "mpc8",
    "dsf",
    "voc",
    "gif",
    "apng",
    "ivf",
    "obu",
    "av1",
    "h261",
    "h263",
    "h264",
    "hevc",
    "m4v",
    "vc1",
    "cavsvideo",
    "avs2",
    "avs3",
    "dirac",
    "mjpeg",
    "mxf",
    "gxf",
    "dv",
    "nut",
    "yuv4mpegpipe",
    "wtv",
    "swf",
    "nsv",
    "nuv",
    "ivr",
    "xwma",
    "loas",
];

/// Containers that can be read as they come, without an index, and whose reader keeps nothing of what has gone by: not MP4, whose fragments it
/// lists for ever.
pub const STREAMED: &[&str] = &[
    "mpegts", "mpeg", "flv", "live_flv", "matroska", "ogg", "aac", "loas", "mp3", "ac3", "eac3", "flac",
    "wav", "w64", "au", "nut",
];

/// Containers of one picture.
pub const STILLS: &[&str] = &[
    "jpeg_pipe",
    "png_pipe",
    "webp_pipe",
    "bmp_pipe",
    "tiff_pipe",
    "j2k_pipe",
    "jpegls_pipe",
    "jpegxl_pipe",
    "ppm_pipe",
    "pgm_pipe",
    "pbm_pipe",
    "pam_pipe",
    "psd_pipe",
    "qoi_pipe",
    "sgi_pipe",
    "sunrast_pipe",
    "pcx_pipe",
    "dds_pipe",
    "exr_pipe",
    "ico",
];

/// The list as ffmpeg's option `-format_whitelist` takes it.
pub fn white_list() -> String {
    [FILM_AND_SOUND, STILLS].concat().join(",")
}

/// Is this (a name as ffprobe gives it, maybe several with commas) the container of one picture?
pub fn is_still(name: &str) -> bool {
    name.split(',').any(|name| STILLS.contains(&name))
}
