//! A store for journals in memory that can be slow, full or watched.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::path::Path;
use geusemaker_core::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// A store in memory that can delay, refuse and report writes.
pub(crate) struct WatchedStore {
    inner: InMemory,
    written: AtomicUsize,
    room_for: AtomicUsize,
    pause: Duration,
    on_write: Option<OnWrite>,
}

type OnWrite = Box<dyn Fn(&InMemory) + Send + Sync>;

impl WatchedStore {
    pub(crate) fn new() -> Self {
        Self::over(InMemory::new())
    }

    /// Creates a store on the records of another process.
    pub(crate) fn over(inner: InMemory) -> Self {
        Self {
            inner,
            written: AtomicUsize::new(0),
            room_for: AtomicUsize::new(usize::MAX),
            pause: Duration::ZERO,
            on_write: None,
        }
    }

    /// Pauses before and after each write, as a store on a network does.
    pub(crate) fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Makes the store full after this number of writes.
    pub(crate) fn room_for(self, writes: usize) -> Self {
        self.set_room_for(writes);
        self
    }

    pub(crate) fn set_room_for(&self, writes: usize) {
        self.room_for.store(writes, Ordering::SeqCst);
    }

    /// Calls the callback with the store after each write.
    pub(crate) fn on_write(mut self, callback: impl Fn(&InMemory) + Send + Sync + 'static) -> Self {
        self.on_write = Some(Box::new(callback));
        self
    }

    /// Copies the current content.
    pub(crate) fn fork(&self) -> InMemory {
        self.inner.fork()
    }

    async fn put(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        tokio::time::sleep(self.pause).await;
        if self.written.load(Ordering::SeqCst) >= self.room_for.load(Ordering::SeqCst) {
            return Err(Error::Generic {
                store: "WatchedStore",
                source: "no space left on device".into(),
            });
        }
        let result = self.inner.put_opts(path, payload, options).await?;
        self.written.fetch_add(1, Ordering::SeqCst);
        if let Some(on_write) = &self.on_write {
            on_write(&self.inner);
        }
        tokio::time::sleep(self.pause).await;
        Ok(result)
    }
}

impl fmt::Debug for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedStore")
    }
}

impl fmt::Display for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedStore")
    }
}

// Written as the trait's attribute macro would expand it: the tests need no dependency for these five lines.
impl ObjectStore for WatchedStore {
    fn put_opts<'a, 'b, 'c>(
        &'a self,
        path: &'b Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> BoxFuture<'c, Result<PutResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.put(path, payload, options))
    }

    fn put_multipart_opts<'a, 'b, 'c>(
        &'a self,
        path: &'b Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'c, Result<Box<dyn MultipartUpload>>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.put_multipart_opts(path, options)
    }

    fn get_opts<'a, 'b, 'c>(
        &'a self,
        path: &'b Path,
        options: GetOptions,
    ) -> BoxFuture<'c, Result<GetResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.get_opts(path, options)
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_delimiter<'a, 'b, 'c>(
        &'a self,
        prefix: Option<&'b Path>,
    ) -> BoxFuture<'c, Result<ListResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'a, 'b, 'c, 'd>(
        &'a self,
        from: &'b Path,
        to: &'c Path,
        options: CopyOptions,
    ) -> BoxFuture<'d, Result<()>>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        self.inner.copy_opts(from, to, options)
    }
}
