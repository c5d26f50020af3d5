//! The render half while the control half works: it neither allocates nor
//! frees, and everything that has been removed is freed on the other side.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sipsimple_media::mixer::{AudioMixer, Gain, PortId, RenderHalf, SampleRate};

const RATE: SampleRate = SampleRate::Hz16000;
const QUANTUM: usize = RATE.quantum();

/// The system's allocator, which counts what a thread does with it within
/// [`without_allocating`].
struct Guarded;

thread_local! {
    static WATCHED: Cell<Option<usize>> = const { Cell::new(None) };
}

fn count() {
    WATCHED.set(WATCHED.get().map(|count| count + 1));
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

fn without_allocating<T>(work: impl FnOnce() -> T) -> T {
    WATCHED.set(Some(0));
    let result = work();
    let count = WATCHED.take();
    assert_eq!(count, Some(0), "allocations and deallocations in the render half");
    result
}

fn render(half: &mut RenderHalf) {
    let capture = [100; QUANTUM];
    let mut playback = [0; QUANTUM];
    without_allocating(|| half.render(&capture, &mut playback));
}

#[test]
#[should_panic(expected = "allocations and deallocations in the render half")]
fn the_guard_notices() {
    without_allocating(|| drop(vec![1]));
}

#[test]
fn no_command_makes_it_allocate_or_free() {
    let (mixer, mut half) = AudioMixer::new(RATE);
    render(&mut half);
    let bridge = mixer.add_bridge();
    let mut ports = Vec::new();
    for round in 0..200 {
        match round % 4 {
            0 | 1 => {
                let port = mixer.add_port().unwrap();
                bridge.add(port.id).unwrap();
                mixer
                    .connect_with_gain(port.id, PortId::DEVICE, Gain::from_percent(50).unwrap())
                    .unwrap();
                mixer.connect(PortId::DEVICE, port.id).unwrap();
                ports.push(port);
            }
            2 => {
                for port in &mut ports {
                    port.input.write(&[1_000; QUANTUM]);
                    port.output.catch_up(0);
                }
            }
            _ => drop(ports.remove(ports.len() / 2)),
        }
        render(&mut half);
        render(&mut half);
    }
    assert_eq!(mixer.ports().len(), 1 + ports.len());
    drop(ports);
    render(&mut half);
    drop(bridge);
    render(&mut half);
    // The control half is gone first.
    drop(mixer);
    render(&mut half);
}

#[test]
fn removed_ports_are_freed_by_the_control_half() {
    let (mixer, mut half) = AudioMixer::new(RATE);
    let port = mixer.add_source().unwrap();
    render(&mut half);
    let control = mixer.port(port.id()).unwrap();
    mixer.remove_port(control.id()).unwrap();
    assert!(port.is_closed());
    assert!(mixer.port(control.id()).is_err());
    render(&mut half);
    // The next command frees what came back.
    let next = mixer.add_source().unwrap();
    assert_eq!(next.id().slot(), control.id().slot());
    assert_ne!(next.id(), control.id());
    render(&mut half);
}

#[test]
fn commands_without_a_render_half_do_not_pile_up() {
    let (mixer, mut half) = AudioMixer::new(RATE);
    let keep = mixer.add_source().unwrap();
    for _ in 0..1_000 {
        let port = mixer.add_port().unwrap();
        mixer.connect(keep.id(), port.id).unwrap();
    }
    assert_eq!(mixer.ports().len(), 2);
    render(&mut half);
    drop(half);
    drop(mixer.add_port().unwrap());
    assert_eq!(mixer.ports().len(), 2);
}

#[test]
fn both_halves_run_at_once() {
    let (mixer, mut half) = AudioMixer::new(RATE);
    let done = Arc::new(AtomicBool::new(false));
    let rendering = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            let mut ticks = 0u32;
            while !done.load(Ordering::Acquire) || ticks < 100 {
                render(&mut half);
                ticks += 1;
            }
        })
    };
    let commanding: Vec<_> = (0..2)
        .map(|seed: usize| {
            let mixer = mixer.clone();
            thread::spawn(move || {
                let bridges = [mixer.add_bridge(), mixer.add_bridge()];
                let mut ports = Vec::new();
                for round in 0..3_000 {
                    let pick = (round * 31 + seed * 17) % 97;
                    match pick % 5 {
                        0 | 1 => ports.push(mixer.add_port().unwrap()),
                        2 if !ports.is_empty() => drop(ports.swap_remove(pick % ports.len())),
                        3 if !ports.is_empty() => {
                            let id = ports[pick % ports.len()].id;
                            bridges[pick % 2].add(id).unwrap();
                            mixer.connect(id, PortId::DEVICE).unwrap();
                        }
                        _ => {
                            for port in &mut ports {
                                port.input.write(&[pick as i16; QUANTUM]);
                                port.output.read(&mut [0; QUANTUM]);
                            }
                        }
                    }
                    if ports.len() > 40 {
                        ports.clear();
                    }
                }
            })
        })
        .collect();
    for thread in commanding {
        thread.join().unwrap();
    }
    done.store(true, Ordering::Release);
    rendering.join().unwrap();
    assert_eq!(mixer.ports(), [PortId::DEVICE]);
}
