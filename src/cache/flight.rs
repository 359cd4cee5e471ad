//! Single flight: of all requests that miss one key at once, one loads and the others wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::{Key, Loaded};

/// The loads of one group that are under way.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<Key, Flight>>);

#[derive(Debug)]
struct Flight {
    cell: Arc<OnceCell<Loaded>>,
    passengers: usize,
}

impl Flights {
    /// Loads, or waits for the load of this key that is under way.
    ///
    /// When a load fails or its request goes away, the next one that waits loads in its place; an error
    /// reaches only the request whose load it was.
    pub async fn join<F, Fut, E>(&self, key: &Key, load: F) -> Result<Loaded, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded, E>>,
    {
        let seat = self.seat(key);
        seat.cell.get_or_try_init(load).await.cloned()
    }

    fn seat(&self, key: &Key) -> Seat<'_> {
        let mut flights = self.lock();
        let flight = flights.entry(key.clone()).or_insert_with(|| Flight {
            cell: Arc::default(),
            passengers: 0,
        });
        flight.passengers += 1;
        Seat {
            flights: self,
            key: key.clone(),
            cell: flight.cell.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request on a flight; the last one to leave takes the flight off the board.
struct Seat<'a> {
    flights: &'a Flights,
    key: Key,
    cell: Arc<OnceCell<Loaded>>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        if let Some(flight) = flights.get_mut(&self.key) {
            flight.passengers -= 1;
            if flight.passengers == 0 {
                flights.remove(&self.key);
            }
        }
    }
}
