//! Points on the earth, taken as a sphere.

/// Kilometres: the mean radius of the earth (IUGG R1).
const RADIUS_KM: f64 = 6_371.008_8;

/// A vector from the middle of the earth. Its length does not matter, but a sum of points needs one.
pub(super) type Vector = [f64; 3];

/// A point on the surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// Degrees north and east; `None` outside -90..=90 and -180..=180.
    pub(super) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Self { latitude, longitude })
    }

    pub(super) fn latitude(self) -> f64 {
        self.latitude
    }

    pub(super) fn longitude(self) -> f64 {
        self.longitude
    }

    /// The unit vector to it.
    pub(super) fn vector(self) -> Vector {
        let (sin_lat, cos_lat) = self.latitude.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.longitude.to_radians().sin_cos();
        [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
    }
}

/// The length of the great circle between two points: exact for near and for opposite ones.
pub(super) fn kilometres([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> f64 {
    let across = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
    let along = ax * bx + ay * by + az * bz;
    RADIUS_KM * length(across).atan2(along)
}

/// [`kilometres`], rounded; at most 20,015.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to half the earth's girth")]
pub(super) fn whole_kilometres(a: Vector, b: Vector) -> u32 {
    kilometres(a, b).round() as u32
}

pub(super) fn length([x, y, z]: Vector) -> f64 {
    (x * x + y * y + z * z).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Vector {
        Place::new(latitude, longitude).unwrap().vector()
    }

    #[test]
    fn known_distances() {
        let quarter = RADIUS_KM * std::f64::consts::FRAC_PI_2;
        let known = [
            (at(0.0, 0.0), at(0.0, 90.0), quarter),
            (at(0.0, 0.0), at(90.0, 45.0), quarter),
            (at(0.0, 0.0), at(0.0, 180.0), 2.0 * quarter),
            (at(90.0, 0.0), at(-90.0, 77.0), 2.0 * quarter),
            (at(0.0, 179.5), at(0.0, -179.5), quarter / 90.0),
            (at(0.0, 180.0), at(0.0, -180.0), 0.0),
            (at(47.0, 11.0), at(47.0, 11.0), 0.0),
            (at(10.0, 20.0), at(10.001, 20.0), quarter / 90_000.0),
        ];
        for (a, b, expected) in known {
            assert!((kilometres(a, b) - expected).abs() < 1e-6, "{a:?} {b:?} {}", kilometres(a, b));
            assert!((kilometres(b, a) - expected).abs() < 1e-6);
        }
        assert_eq!(whole_kilometres(at(0.0, 0.0), at(0.0, 180.0)), 20_015);
    }

    #[test]
    fn off_the_earth_is_no_place() {
        for (latitude, longitude) in
            [(90.1, 0.0), (-90.1, 0.0), (0.0, 180.1), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)]
        {
            assert_eq!(Place::new(latitude, longitude), None);
        }
        assert!(Place::new(-90.0, 180.0).is_some());
    }
}
