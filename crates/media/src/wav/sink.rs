//! Mono PCM into a WAV file that can be read at any moment.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::WavError;
use crate::mixer::SampleRate;

/// The most samples that a file takes: just below 4 GB, 6 to 37 hours.
const MAX_SAMPLES: u64 = (u32::MAX as u64 - 4_096) / 2;

/// Writes 16-bit mono PCM. The sizes in the header are put right once a
/// second (of sound), so that a crash costs no more than that.
pub struct WavSink<W: Write + Seek> {
    writer: WavWriter<W>,
    rate: SampleRate,
    written: u64,
    unsynced: u64,
    max_samples: u64,
}

impl WavSink<BufWriter<File>> {
    /// Creates a file, and the directories that it is in.
    ///
    /// # Errors
    ///
    /// [`WavError::Io`].
    pub fn create(path: &Path, rate: SampleRate) -> Result<Self, WavError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(WavError::io)?;
        }
        Self::new(BufWriter::new(File::create(path).map_err(WavError::io)?), rate)
    }
}

impl<W: Write + Seek> WavSink<W> {
    /// Writes the header of an empty file.
    ///
    /// # Errors
    ///
    /// [`WavError::Io`].
    pub fn new(writer: W, rate: SampleRate) -> Result<Self, WavError> {
        let spec = WavSpec {
            channels: 1,
            sample_rate: rate.hz(),
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::new(writer, spec)?;
        writer.flush()?;
        Ok(Self { writer, rate, written: 0, unsynced: 0, max_samples: MAX_SAMPLES })
    }

    /// Writes samples.
    ///
    /// # Errors
    ///
    /// [`WavError::Io`], a full disk among them, and [`WavError::Full`].
    pub fn write(&mut self, pcm: &[i16]) -> Result<(), WavError> {
        if self.written + pcm.len() as u64 > self.max_samples {
            return Err(WavError::Full);
        }
        for sample in pcm {
            self.writer.write_sample(*sample)?;
        }
        self.written += pcm.len() as u64;
        self.unsynced += pcm.len() as u64;
        if self.unsynced >= u64::from(self.rate.hz()) {
            self.sync()?;
        }
        Ok(())
    }

    /// How many samples have been written.
    pub fn len(&self) -> u64 {
        self.written
    }

    /// Whether none has been written.
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Puts the sizes in the header right, and gives everything to the
    /// system.
    ///
    /// # Errors
    ///
    /// [`WavError::Io`].
    pub fn sync(&mut self) -> Result<(), WavError> {
        self.unsynced = 0;
        Ok(self.writer.flush()?)
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// [`WavError::Io`].
    pub fn finish(self) -> Result<(), WavError> {
        Ok(self.writer.finalize()?)
    }
}

impl<W: Write + Seek> std::fmt::Debug for WavSink<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavSink").field("written", &self.written).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, SeekFrom};
    use std::sync::{Arc, Mutex};

    use hound::WavReader;

    use super::*;

    const RATE: SampleRate = SampleRate::Hz8000;

    /// A disk that somebody else can look at, and that may be full.
    #[derive(Clone, Default)]
    struct Disk {
        file: Arc<Mutex<Cursor<Vec<u8>>>>,
        room: Option<u64>,
    }

    impl Disk {
        fn bytes(&self) -> Vec<u8> {
            self.file.lock().unwrap().get_ref().clone()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut file = self.file.lock().unwrap();
            let end = file.position() + bytes.len() as u64;
            if self.room.is_some_and(|room| end > room) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
            self.file.lock().unwrap().seek(position)
        }
    }

    fn samples(bytes: Vec<u8>) -> Vec<i16> {
        let reader = WavReader::new(Cursor::new(bytes)).unwrap();
        assert_eq!(reader.spec().sample_rate, 8_000);
        assert_eq!((reader.spec().channels, reader.spec().bits_per_sample), (1, 16));
        reader.into_samples().map(|sample| sample.unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_there_after_a_crash() {
        let disk = Disk::default();
        let mut sink = WavSink::new(BufWriter::new(disk.clone()), RATE).unwrap();
        assert!(samples(disk.bytes()).is_empty(), "valid from the start");
        for second in 0..3i16 {
            for _ in 0..100 {
                sink.write(&[second; 80]).unwrap();
            }
        }
        sink.write(&[9; 80]).unwrap();
        // The process dies here: nothing is finished.
        let seen = samples(disk.bytes());
        assert_eq!(seen.len(), 24_000);
        assert_eq!((seen[0], seen[23_999]), (0, 2));
        sink.finish().unwrap();
        assert_eq!(samples(disk.bytes()).len(), 24_080);
    }

    #[test]
    fn a_full_disk_is_reported_and_the_file_stays_valid() {
        let disk = Disk { room: Some(44 + 20_000), ..Disk::default() };
        let mut sink = WavSink::new(BufWriter::new(disk.clone()), RATE).unwrap();
        let error = (0..1_000).find_map(|_| sink.write(&[5; 80]).err()).unwrap();
        assert!(
            matches!(&error, WavError::Io(error) if error.kind() == io::ErrorKind::StorageFull)
        );
        drop(sink);
        assert!(samples(disk.bytes()).len() >= 8_000);
    }

    #[test]
    fn it_ends_before_the_sizes_overflow() {
        let mut sink = WavSink::new(Cursor::new(Vec::new()), RATE).unwrap();
        sink.max_samples = 100;
        sink.write(&[1; 80]).unwrap();
        assert!(matches!(sink.write(&[1; 80]), Err(WavError::Full)));
        assert_eq!(sink.len(), 80);
        sink.finish().unwrap();
    }
}
